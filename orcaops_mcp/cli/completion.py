"""`orcaops completion`: scripts for shells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from orcaops_mcp.cli.command import Command

if TYPE_CHECKING:
    from orcaops_mcp.cli.session import Session

_INSTALL: Final = {
    "bash": "orcaops completion bash > ~/.local/share/bash-completion/completions/orcaops",
    "zsh": "orcaops completion zsh > ~/.zfunc/_orcaops   # with ~/.zfunc in $fpath",
    "fish": "orcaops completion fish > ~/.config/fish/completions/orcaops.fish",
    "powershell": "orcaops completion powershell >> $PROFILE",
}


@click.command(
    "completion",
    cls=Command,
    examples=tuple(
        (line.partition("   ")[0], f"For {shell}, from the next start on.") for shell, line in _INSTALL.items()
    ),
)
@click.argument("shell", type=click.Choice(tuple(_INSTALL)))
@click.pass_context
def command(ctx: click.Context, *, shell: str) -> None:
    """Print the completion script of a shell; commands, options and ids are completed."""
    from click.shell_completion import get_completion_class  # noqa: PLC0415 - only for this

    from orcaops_mcp.cli.powershell import make_known  # noqa: PLC0415 - same

    session: Session = ctx.obj
    make_known()
    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"click knows no completion for {shell}.")
    root = ctx.find_root().command
    script = kind(root, {}, "orcaops", "_ORCAOPS_COMPLETE")
    session.out.text(script.source_template % script.source_vars())
    if session.out.has_error_terminal:
        session.out.remark(f"To install it: {_INSTALL[shell]}")
