"""Templates on their way in and out: checked before they are kept, filled before they are run."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

import anyio
import anyio.to_thread

from core.errors import Finding, InvalidArgumentError, InvalidSpecError, TemplateNotFoundError
from core.plan.check import check_workflow, flat_findings, loader
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
    from core.spec.template import TemplateDraft, TemplateSpec, WorkflowText

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
            InvalidArgumentError: The template holds a workflow.
            InvalidSpecError: With a finding for every input that is wrong, or every expression that fails.
        """
        return await self._on_thread(partial(_filled, template, dict(inputs)))

    @staticmethod
    def workflow_of(template: Template) -> WorkflowText:
        """The workflow that a template holds.

        Raises:
            InvalidArgumentError: The template holds a job.
        """
        if template.spec.workflow is None:
            hint = "Submit it as a job: template and inputs of orcaops_submit_job, or `orcaops templates run`."
            raise InvalidArgumentError(f"The template {template.name} holds a job, not a workflow.", hint=hint)
        return template.spec.workflow

    async def _on_thread(self, work: Callable[[], Result]) -> Result:
        return await anyio.to_thread.run_sync(work, limiter=self._threads)


def _checked(request: Mapping[str, Any], runtimes: Mapping[str, Runtime], door_fields: Collection[str]) -> TemplateSpec:
    draft = read_template(request)
    if draft.spec.workflow is not None:
        return _checked_workflow(draft, draft.spec.workflow)
    found = [*draft.findings, *template_findings(draft.spec, runtimes=runtimes, door_fields=door_fields)]
    has_no_job = any(
        finding.path in {"job", "workflow"} for finding in draft.findings
    )  # so that what it lacks is not told
    findings = [finding for finding in dict.fromkeys(found) if not (has_no_job and finding.path.startswith("job."))]
    if findings:
        raise invalid_spec(findings)
    return draft.spec


def _checked_workflow(draft: TemplateDraft, workflow: WorkflowText) -> TemplateSpec:
    """The template with the inputs that its file declares, and of the files given those that are called."""
    called: dict[str, str] = {}
    given = loader(workflow.files)

    def load(path: str) -> str:
        return called.setdefault(path, given(path))

    check = check_workflow(workflow.text, workflow.file_name, load=load)
    declared = dict(check.spec.inputs) if check.spec else {}
    findings = [*draft.findings, *(() if check.is_valid else flat_findings(check))]
    if check.is_valid and draft.spec.inputs and draft.spec.inputs != declared:
        hint = "Leave inputs out, and declare them in the file."
        findings.append(Finding("inputs", "a workflow's are those that its file declares", hint))
    if findings:
        raise invalid_spec(findings)
    kept = workflow.model_copy(update={"files": called})
    return draft.spec.model_copy(update={"inputs": declared, "workflow": kept})


def _filled(template: Template, given: Mapping[str, Any]) -> FilledTemplate:
    if template.spec.job is None:
        hint = (
            "Run it as a workflow: template and inputs of orcaops_run_workflow, or `orcaops workflow run --template`."
        )
        raise InvalidArgumentError(f"The template {template.name} holds a workflow, not a job.", hint=hint)
    checked = check_inputs(template.spec.inputs, given)
    if checked.findings:
        refused = invalid_spec(list(checked.findings))
        hint = next((finding.hint for finding in checked.findings if finding.hint), refused.hint)
        raise InvalidSpecError(refused.message, hint=hint, findings=refused.findings)
    request = {"name": template.name} | fill_job(template.spec.job, checked.values)
    return FilledTemplate(request, TemplateUse(template.name, template.version, checked.values))
