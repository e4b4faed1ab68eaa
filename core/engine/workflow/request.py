"""A workflow run as it is asked for."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.records.template import TemplateUse
    from core.records.workflow_node import JsonObject
    from core.spec.job import InputFile


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowRequest:
    """What to run, and with what.

    Attributes:
        text: The workflow file.
        file_name: What it is called; for findings, for the paths of called files, and for a workflow without a name.
        files: Texts of the files it calls, by their paths.
        inputs: Values by name.
        context: The contexts ``github`` and ``vars``, as far as the caller knows them.
        name: What the run is called; takes the place of the file's ``run_name``.
        max_parallel: As many of its jobs run at once; takes the place of the file's.
        priority: Of its jobs in the engine's line; higher first.
        tags: To find the run by.
        actor: Who asks, as far as is known.
        workspace: Files put into the working directory of every job.
        template: The template it was made of.
    """

    text: str
    file_name: str = ""
    files: Mapping[str, str] = field(default_factory=dict[str, str])
    inputs: Mapping[str, object] = field(default_factory=dict[str, object])
    context: JsonObject = field(default_factory=dict[str, object])
    name: str = ""
    max_parallel: int | None = None
    priority: int = 0
    tags: tuple[str, ...] = ()
    actor: str = ""
    workspace: tuple[InputFile, ...] = ()
    template: TemplateUse | None = None

    def digest(self) -> str:
        """SHA-256 of everything that makes it this request and not another."""
        told = {
            "text": self.text,
            "file_name": self.file_name,
            "files": dict(self.files),
            "inputs": dict(self.inputs),
            "context": dict(self.context),
            "name": self.name,
            "max_parallel": self.max_parallel,
            "priority": self.priority,
            "tags": self.tags,
            "workspace": [(file.path, file.sha256, file.executable) for file in self.workspace],
        }
        return hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()
