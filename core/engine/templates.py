"""Templates on their way in and out: checked before they are kept, filled before they are run."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

import anyio
import anyio.to_thread

from core.errors import InvalidArgumentError, InvalidSpecError, TemplateNotFoundError
from core.plan.inputs import check_inputs
from core.plan.job_template import fill_job, template_findings
from core.records.template import FilledTemplate, TemplateUse
from core.spec.load import invalid_spec
from core.spec.template import read_template

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from core.engine.parts import Parts
    from core.records.template import Template
    from core.spec.runtimes import Runtime
    from core.spec.template import TemplateSpec

Result = TypeVar("Result")

_THREADS: Final = 2
_LONGEST_NAME: Final = 63
_LAST_VERSION: Final = 2**63 - 1


class TemplateDesk:
    """Reads and fills templates, on threads of its own: a large one takes a second.

    Args:
        parts: The engine's parts.
    """

    def __init__(self, parts: Parts) -> None:
        self._store = parts.templates
        self._threads = anyio.CapacityLimiter(_THREADS)

    async def check(
        self, request: Mapping[str, Any], runtimes: Mapping[str, Runtime], door_fields: Collection[str]
    ) -> TemplateSpec:
        """The template that was asked to be kept.

        Raises:
            InvalidSpecError: With a finding for every fault.
        """
        return await self._on_thread(partial(_checked, request, runtimes, door_fields))

    async def find(self, name: str, version: int | None) -> Template:
        """A template.

        Raises:
            TemplateNotFoundError: There is none of that name, or the version is not kept.
            InvalidArgumentError: The version is none that could be.
        """
        if len(name) > _LONGEST_NAME:
            raise TemplateNotFoundError
        if version is not None and not 1 <= version <= _LAST_VERSION:
            raise InvalidArgumentError("version: from 1 on")
        return await self._store.get(name, version)

    async def fill(self, template: Template, inputs: Mapping[str, Any]) -> FilledTemplate:
        """The job request that comes of a template and inputs.

        Raises:
            InvalidSpecError: With a finding for every input that is wrong, or every expression that fails.
        """
        return await self._on_thread(partial(_filled, template, dict(inputs)))

    async def _on_thread(self, work: Callable[[], Result]) -> Result:
        return await anyio.to_thread.run_sync(work, limiter=self._threads)


def _checked(request: Mapping[str, Any], runtimes: Mapping[str, Runtime], door_fields: Collection[str]) -> TemplateSpec:
    draft = read_template(request)
    found = [*draft.findings, *template_findings(draft.spec, runtimes=runtimes, door_fields=door_fields)]
    has_no_job = any(finding.path == "job" for finding in draft.findings)  # so that what it lacks is not told
    findings = [finding for finding in dict.fromkeys(found) if not (has_no_job and finding.path.startswith("job."))]
    if findings:
        raise invalid_spec(findings)
    return draft.spec


def _filled(template: Template, given: Mapping[str, Any]) -> FilledTemplate:
    checked = check_inputs(template.spec.inputs, given)
    if checked.findings:
        refused = invalid_spec(list(checked.findings))
        hint = next((finding.hint for finding in checked.findings if finding.hint), refused.hint)
        raise InvalidSpecError(refused.message, hint=hint, findings=refused.findings)
    request = {"name": template.name} | fill_job(template.spec.job, checked.values)
    return FilledTemplate(request, TemplateUse(template.name, template.version, checked.values))
