"""The form that runs a workflow: its fields as they were sent, and what a check of them says."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, Literal

from core import OrcaOpsError, plan_tree
from orcaops_mcp.intake.template import named_version
from orcaops_mcp.intake.workflow_file import in_a_thread
from orcaops_mcp.intake.workflow_request import FromTemplate, FromText, asked
from orcaops_mcp.views.workflow import finding_view, input_finding_view
from orcaops_mcp.web.problems import problem_of
from orcaops_mcp.web.security import text_field
from orcaops_mcp.web.spec_lines import numbered_lines

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.datastructures import FormData

    from core import Engine, WorkflowPlan, WorkflowRequest
    from orcaops_mcp.intake.caller import Caller
    from orcaops_mcp.intake.workflow_request import Asked

_INPUT: Final = "input."
_MOST_TAGS: Final = 32
_LONGEST_NAME: Final = 200
_SEVERITIES: Final = {"error": "octagon-x", "warning": "triangle-alert", "info": "info"}


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowForm:
    """What stands in the fields.

    Attributes:
        text: The file.
        file_name: What it is called.
        template: A saved workflow instead: ``NAME`` or ``NAME@3``.
        source: The run whose file it was; called files come from there.
        inputs: Values as texts, by name; those left empty are not given.
        name: What the run is called.
        tags: With commas between them.
    """

    text: str = ""
    file_name: str = ""
    template: str = ""
    source: str = ""
    inputs: Mapping[str, str] = field(default_factory=dict[str, str])
    name: str = ""
    tags: str = ""

    @classmethod
    def of(cls, form: FormData) -> WorkflowForm:
        """The fields as they were sent."""
        text = form.get("text")
        given = {key.removeprefix(_INPUT): text_field(form, key) for key in form if key.startswith(_INPUT)}
        return cls(
            text=text.replace("\r\n", "\n") if isinstance(text, str) else "",
            file_name=text_field(form, "file_name"),
            template=text_field(form, "template"),
            source=text_field(form, "from"),
            inputs={name: value for name, value in given.items() if value},
            name=text_field(form, "name")[:_LONGEST_NAME],
            tags=text_field(form, "tags"),
        )

    async def checked(self, engine: Engine, caller: Caller) -> Asked:
        """The workflow, read and checked.

        Raises:
            OrcaOpsError: As `asked`.
        """
        if self.template:
            where: FromText | FromTemplate = FromTemplate(*named_version(self.template))
        else:
            files = (await engine.workflow_source(self.source)).files if self.source else None
            where = FromText(self.text, self.file_name, files)
        return await asked(engine, where, caller, inputs=self.inputs)

    def request(self, found: Asked) -> WorkflowRequest:
        """What is to be run."""
        tags = [tag.strip() for tag in self.tags.split(",")]
        return replace(found.request, name=self.name, tags=tuple(filter(None, tags))[:_MOST_TAGS])


@dataclass(frozen=True, slots=True)
class Judged:
    """What there is to say of a form.

    Attributes:
        state: Whether it was looked at, and what came of it.
        facts: For the template.
    """

    state: Literal["untouched", "wrong", "good"]
    facts: dict[str, Any]


async def untouched(engine: Engine, form: WorkflowForm, caller: Caller) -> Judged:
    """A form that was just opened: a template's or an earlier run's has its inputs already."""
    if not (form.template or form.text):
        return Judged("untouched", _facts(form))
    found = await form.checked(engine, caller)
    return Judged("untouched", {**_facts(form), "inputs": _inputs(found, form), "text": found.request.text})


async def judged(form: WorkflowForm, found: Asked) -> Judged:
    """A form that was checked."""
    check = found.check
    lines = await in_a_thread(lambda: numbered_lines(found.request.text))
    findings = [{**finding_view(each), "icon": _SEVERITIES[each.severity.value]} for each in check.findings]
    marked = {each["line"] for each in findings if each["file"] in {None, check.file or None}}
    facts = _facts(form) | {
        "inputs": _inputs(found, form),
        "findings": findings,
        "input_findings": [input_finding_view(each) for each in check.input_findings],
        "lines": lines if marked else [],
        "marked": marked,
        "plan": _plan(check.plan) if check.plan is not None else None,
        "text": found.request.text if form.template else form.text,
    }
    return Judged("good" if check.plan is not None else "wrong", facts)


def refused(form: WorkflowForm, error: OrcaOpsError, facts: Mapping[str, Any] | None = None) -> Judged:
    """A form whose workflow could not be read or run."""
    return Judged("wrong", _facts(form) | dict(facts or {}) | {"problem": problem_of(error)})


def _facts(form: WorkflowForm) -> dict[str, Any]:
    return {
        "form": form,
        "text": form.text,
        "inputs": [],
        "findings": [],
        "input_findings": [],
        "lines": [],
        "marked": set(),
        "plan": None,
        "problem": None,
    }


def _inputs(found: Asked, form: WorkflowForm) -> list[dict[str, Any]]:
    """The fields of a workflow's inputs, with what is wrong with each."""
    if found.check.spec is None:
        return []
    wrong = {each.path.removeprefix("inputs."): each for each in found.check.input_findings}
    return [
        {
            "name": name,
            "field": _INPUT + name,
            "type": spec.type,
            "description": spec.description,
            "required": spec.required and spec.default is None,
            "default": "" if spec.default is None else str(spec.default),
            "options": ("true", "false") if spec.type == "boolean" else spec.options,
            "value": form.inputs.get(name, ""),
            "problem": wrong[name].message if name in wrong else "",
        }
        for name, spec in found.check.spec.inputs.items()
    ]


def _plan(plan: WorkflowPlan) -> dict[str, Any]:
    """What would be done: the jobs by the order in which they would start."""
    return {
        "run_name": plan.run_name,
        "counts": plan.counts,
        "text": plan_tree(plan),
        "images": [image.reference for image in plan.images],
        "stages": [
            [
                {
                    "job": job,
                    "runs": len(plan.job(job).nodes),
                    "variants": [plan.node(node).name for node in plan.job(job).nodes][:20],
                    "act": plan.job(job).decision.act.value,
                    "needs": list(dict.fromkeys(edge.job for edge in plan.job(job).edges)),
                    "is_finally": plan.job(job).is_finally,
                }
                for job in stage
            ]
            for stage in plan.generations
        ],
    }
