"""One call of the command line: its global options, where it prints, the engine it talks to."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from orcaops_mcp.cli.output import Output

if TYPE_CHECKING:
    from orcaops_mcp.client.client import Client


@dataclass
class Session:
    """What was asked of every command alike.

    Attributes:
        url: The engine to talk to; the home's own if None.
        token: The bearer token for it.
        home: The home's folder; ORCAOPS_HOME or ~/.orcaops if None.
        json: Whether JSON is printed; ``""`` all of it, else names of fields.
        color: ``auto``, ``always`` or ``never``.
        quiet: Whether only errors are said on standard error.
        verbose: Whether more is said there.
    """

    url: str | None = None
    token: str | None = None
    home: str | None = None
    json: str | None = None
    color: str = "auto"
    quiet: bool = False
    verbose: bool = False

    @cached_property
    def out(self) -> Output:
        """Where results and remarks go."""
        return Output(fields=self.fields, color=self.color, is_quiet=self.quiet, is_verbose=self.verbose)

    @property
    def fields(self) -> tuple[str, ...] | None:
        """Names of the JSON fields that are wanted; empty for all, None when no JSON is."""
        if self.json is None or self.json.lower() in {"0", "false", "no"}:
            return None
        if self.json.lower() in {"1", "true", "yes"}:
            return ()
        return tuple(name.strip() for name in self.json.split(",") if name.strip())

    @cached_property
    def client(self) -> Client:
        """The engine, which is started by the first question if it is the home's own and does not run.

        Raises:
            ClientError: The URL is not one.
        """
        return self.client_that(starts=True)

    def client_that(self, *, starts: bool) -> Client:
        """The engine.

        Args:
            starts: Whether it is started if it does not run.
        """
        from orcaops_mcp.client.client import client_of_home, client_of_url  # noqa: PLC0415 - help needs no client

        if self.url:
            return client_of_url(self.url, self.token or "")
        return client_of_home(self.home_folder, starts=starts)

    @cached_property
    def home_folder(self) -> str:
        """The home's folder, absolute."""
        from orcaops_mcp import places  # noqa: PLC0415 - same

        return places.home_of(self.home)
