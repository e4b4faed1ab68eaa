"""`--fix`: the sure fixes of a file, carried out until there are none left."""

from __future__ import annotations

from dataclasses import replace
from difflib import unified_diff
from typing import TYPE_CHECKING, Final

from core import mended
from orcaops_mcp.cli.text import shown
from orcaops_mcp.cli.workflow.checking import check
from orcaops_mcp.cli.workflow.files import encoded, write_file
from orcaops_mcp.cli.workflow.telling import mendable

if TYPE_CHECKING:
    from orcaops_mcp.cli.output import Output
    from orcaops_mcp.cli.workflow.checking import Checked

_ROUNDS: Final = 10
"""A fix may bring another to light, and of two that touch the same place one has to wait."""


def mend(out: Output, checked: Checked) -> Checked:
    """Carry out a file's fixes, show the difference, write the file, and check what stands there then.

    Args:
        out: Where the difference is told.
        checked: The file with its findings.

    Raises:
        click.ClickException: The file cannot be written; it is as it was.
    """
    file, before = checked.file, checked.file.text
    for _ in range(_ROUNDS):
        text = checked.file.text
        better = mended(text, mendable(checked.findings, file.name))
        if better == text:
            break
        checked = check(replace(file, content=encoded(file, better)))
    after = checked.file.text
    if after != before:
        write_file(file, after)
        for line in unified_diff(before.splitlines(), after.splitlines(), file.name, file.name, lineterm="", n=1):
            out.remark(shown(line))
    return checked
