"""Ids of workflow runs in paths: whatever stands there but the words that are paths of their own."""

from __future__ import annotations

from typing import ClassVar, Final

from starlette.convertors import Convertor, register_url_convertor

RUN: Final = "/orcaops/workflows/{workflow_id:workflow_run}"
"""Where a run is."""


class _RunConvertor(Convertor[str]):
    regex: ClassVar[str] = r"(?!(?:validate|plan)(?:/|$))[^/]+"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("workflow_run", _RunConvertor())
