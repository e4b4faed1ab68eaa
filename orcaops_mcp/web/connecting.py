"""How the programs that people chat in are told of this engine: texts to copy, for a pipe and for HTTP."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence


class Snippet(NamedTuple):
    """What to write where.

    Attributes:
        id: For the page.
        title: Of the program.
        where: The file that it goes into, or that it is a command.
        text: What to copy.
    """

    id: str
    title: str
    where: str
    text: str


class Way(NamedTuple):
    """One way to come in.

    Attributes:
        title: Of the way.
        about: When to take it.
        snippets: For each program.
    """

    title: str
    about: str
    snippets: tuple[Snippet, ...]


def by_pipe(command: Sequence[str]) -> Way:
    """The bridge, which a program on this machine starts.

    Args:
        command: The bridge with its arguments.
    """
    entry = {"command": command[0], "args": list(command[1:])}
    return Way(
        "On this machine",
        "The program starts a bridge to the engine, and the engine itself if none runs. No token is needed.",
        (
            Snippet("pipe-claude", "Claude Code", "in a terminal", f"claude mcp add orcaops -- {shlex.join(command)}"),
            Snippet(
                "pipe-desktop", "Claude Desktop", "claude_desktop_config.json", _servers("mcpServers", entry)
            ),
            Snippet("pipe-cursor", "Cursor", ".cursor/mcp.json", _servers("mcpServers", entry)),
            Snippet("pipe-code", "VS Code", ".vscode/mcp.json", _servers("servers", {"type": "stdio", **entry})),
            Snippet("pipe-codex", "Codex", "~/.codex/config.toml", _toml(command)),
            Snippet("pipe-gemini", "Gemini CLI", "~/.gemini/settings.json", _servers("mcpServers", entry)),
            Snippet("pipe-windsurf", "Windsurf", "~/.codeium/windsurf/mcp_config.json", _servers("mcpServers", entry)),
        ),
    )  # fmt: skip


def by_http(url: str, token_file: str | None) -> Way:
    """MCP over HTTP.

    Args:
        url: Where it is served.
        token_file: Where the bearer token is kept; None if none is asked for.
    """
    header = f' --header "Authorization: Bearer $(cat {shlex.quote(token_file)})"' if token_file else ""
    headers = {"headers": {"Authorization": "Bearer TOKEN"}} if token_file else {}
    about = "For programs on other machines, or that cannot start one."
    if token_file:
        about += f" Put the token from {token_file} in the place of TOKEN; it is not shown here."
    add = f"claude mcp add --transport http orcaops {url}{header}"
    return Way(
        "Over HTTP",
        about,
        (
            Snippet("http-claude", "Claude Code", "in a terminal", add),
            Snippet("http-cursor", "Cursor", ".cursor/mcp.json", _servers("mcpServers", {"url": url, **headers})),
            Snippet(
                "http-code", "VS Code", ".vscode/mcp.json", _servers("servers", {"type": "http", "url": url, **headers})
            ),
            Snippet(
                "http-gemini", "Gemini CLI", "~/.gemini/settings.json",
                _servers("mcpServers", {"httpUrl": url, **headers}),
            ),
        ),
    )  # fmt: skip


def _servers(key: str, entry: dict[str, Any]) -> str:
    return json.dumps({key: {"orcaops": entry}}, indent=2)


def _toml(command: Sequence[str]) -> str:
    # a JSON text is a TOML text too
    return f"[mcp_servers.orcaops]\ncommand = {json.dumps(command[0])}\nargs = {json.dumps(list(command[1:]))}"
