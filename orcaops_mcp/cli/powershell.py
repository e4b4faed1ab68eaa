"""Completion for PowerShell, which click itself does not have."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, ClassVar, Final

from click.shell_completion import ShellComplete, add_completion_class

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

NAME: Final = "powershell"

_SCRIPT: Final = """\
Register-ArgumentCompleter -Native -CommandName %(prog_name)s -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $words = @($commandAst.CommandElements |
        Where-Object { $_.Extent.EndOffset -lt $cursorPosition } |
        ForEach-Object {
            if ($_ -is [System.Management.Automation.Language.StringConstantExpressionAst]) { $_.Value }
            else { $_.Extent.Text }
        })
    try {
        $env:%(complete_var)s = 'powershell_complete'
        $env:COMP_WORDS = $words -join "`n"
        $env:COMP_CWORD = "$wordToComplete".Trim("'", '"')
        $found = @(& %(prog_name)s)
    } finally {
        Remove-Item -ErrorAction SilentlyContinue Env:%(complete_var)s, Env:COMP_WORDS, Env:COMP_CWORD
    }
    foreach ($line in $found) {
        $kind, $value, $told = "$line" -split "`t", 3
        if ($kind -ne 'plain') {
            [System.Management.Automation.CompletionCompleters]::CompleteFilename($wordToComplete)
            continue
        }
        $text = if ($value -match '[^\\w.:/=+-]') { "'" + $value.Replace("'", "''") + "'" } else { $value }
        [System.Management.Automation.CompletionResult]::new($text, $value, 'ParameterValue', $told)
    }
}
"""
"""A word is said in the environment and not on a command line, where PowerShell would read it once more."""


class PowerShellComplete(ShellComplete):
    """What the script asks, and what it is answered: a line for each word, as ``KIND<tab>WORD<tab>HELP``."""

    name: ClassVar[str] = NAME
    source_template: ClassVar[str] = _SCRIPT

    def get_completion_args(self) -> tuple[list[str], str]:
        """The words before the one that is completed, and that one."""
        words = os.environ.get("COMP_WORDS", "").split("\n")
        return words[1:], os.environ.get("COMP_CWORD", "")

    def format_completion(self, item: CompletionItem[str]) -> str:
        """A line of the answer; PowerShell takes no empty help."""
        told = " ".join((item.help or "").split())
        return f"{item.type}\t{item.value}\t{told or item.value}"


def make_known() -> None:
    """Have click know this shell."""
    add_completion_class(PowerShellComplete)
