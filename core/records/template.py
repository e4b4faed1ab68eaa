"""What is true of a template, and of a job that was filled from one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.clock import time_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from core.spec.template import TemplateSpec


@dataclass(frozen=True, slots=True)
class Template:
    """A saved template, in one of its versions.

    Attributes:
        spec: What was saved.
        version: From 1; the newest unless another one was asked for.
        oldest_version: The oldest one that is kept; all between it and the newest are.
        saved_at: When this version was saved.
        saved_by: Who saved it.
    """

    spec: TemplateSpec
    version: int
    oldest_version: int
    saved_at: datetime
    saved_by: str

    @property
    def name(self) -> str:
        """What it is called."""
        return self.spec.name


@dataclass(frozen=True, slots=True)
class SavedTemplate:
    """What became of a save.

    Attributes:
        template: As it stands now.
        is_changed: Whether a version was added; it was not if the newest one says the same.
    """

    template: Template
    is_changed: bool


@dataclass(frozen=True, slots=True)
class TemplateUse:
    """Which template a job was filled from, or a workflow's run was made of.

    Attributes:
        name: The template's.
        version: The one it had.
        inputs: What was chosen; for a job with the defaults, while a run's record has them itself.
    """

    name: str
    version: int
    inputs: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class FilledTemplate:
    """A template with its inputs put in.

    Attributes:
        request: The job request, for `parse_job`.
        use: For the job's record.
    """

    request: Mapping[str, Any]
    use: TemplateUse


def template_document(template: Template) -> dict[str, Any]:
    """Everything the record says: every key is there, absent facts are null, times are RFC 3339."""
    spec = template.spec.model_dump(mode="json")
    return {
        "name": spec["name"],
        "kind": template.spec.kind,
        "version": template.version,
        "oldest_version": template.oldest_version,
        "description": spec["description"],
        "inputs": spec["inputs"],
        "job": spec["job"],
        "workflow": spec["workflow"],
        "saved_at": time_text(template.saved_at),
        "saved_by": template.saved_by,
    }


def use_document(use: TemplateUse | None) -> dict[str, Any] | None:
    """Which template a job was filled from, or a run was made of."""
    return None if use is None else {"name": use.name, "version": use.version, "inputs": dict(use.inputs)}
