"""From a template and its inputs to a spec."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from core import InvalidArgumentError, InvalidSpecError
from orcaops_mcp.intake.job_request import DOOR_FIELDS, spec_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core import Engine, JobSpec, SavedTemplate, TemplateUse
    from orcaops_mcp.intake.caller import Caller

_JOB: Final = "job"
_LONGEST_VERSION: Final = 10


async def save(
    engine: Engine, template: Mapping[str, Any], caller: Caller, *, overwrite: bool, job_name: str = _JOB
) -> SavedTemplate:
    """Keep a template; its job may hold whatever a job request at a door may.

    Args:
        engine: Where it is kept.
        template: Its fields.
        caller: Who saves it.
        overwrite: Whether there may be one of the name.
        job_name: What the caller knows the job as, for the places of faults.

    Raises:
        OrcaOpsError: As `Engine.save_template`.
    """
    try:
        return await engine.save_template(template, overwrite=overwrite, by=caller.name, door_fields=DOOR_FIELDS)
    except InvalidSpecError as error:
        if job_name == _JOB:
            raise
        findings = tuple(replace(item, path=_renamed(item.path, job_name)) for item in error.findings)
        said = "; ".join(map(str, findings[:10]))
        raise InvalidSpecError(said, hint=error.hint, findings=findings) from None


async def spec_of_template(
    engine: Engine, name: str, inputs: Mapping[str, Any], version: int | None, caller: Caller
) -> tuple[JobSpec, TemplateUse]:
    """The spec that comes of a template, and what its job's record will say of it.

    Args:
        engine: Has the template, and takes files.
        name: The template's.
        inputs: Values by name.
        version: Which version; the newest if None.
        caller: Whose folder relative paths are taken from.

    Raises:
        OrcaOpsError: As `Engine.fill_template` and `spec_of`.
    """
    filled = await engine.fill_template(name, inputs, version=version)
    return await spec_of(engine, filled.request, caller), filled.use


def named_version(text: str) -> tuple[str, int | None]:
    """``NAME`` or ``NAME@VERSION``, as a name and a version.

    Raises:
        InvalidArgumentError: The version is not a number.
    """
    name, at, version = text.partition("@")
    if not at:
        return name, None
    if not (version.isascii() and version.isdigit() and len(version) < _LONGEST_VERSION):
        raise InvalidArgumentError("template: NAME, or NAME@VERSION such as unit-tests@3")
    return name, int(version)


def _renamed(path: str, job_name: str) -> str:
    first, dot, rest = path.partition(".")
    return f"{job_name}{dot}{rest}" if first == _JOB else path
