"""The keys of a workflow."""

from __future__ import annotations

from typing import Any, Final

from core.plan.context import Place as Where
from core.plan.keys.container_keys import IMAGE
from core.plan.keys.control_keys import RETRY, SECRET_NAMES, concurrency, env, resources
from core.plan.keys.data import Data
from core.plan.keys.foreign import answer_workflow
from core.plan.keys.input_keys import INPUTS
from core.plan.keys.job_keys import JOB
from core.plan.keys.records import Key, Record, Rules
from core.plan.keys.sandbox_keys import NETWORK, PROFILE
from core.plan.keys.scalars import Choice, Number, Text
from core.plan.keys.services import Services
from core.plan.keys.step_keys import run_defaults, timeouts
from core.plan.keys.structures import Many, Named
from core.plan.keys.texts import ID, JOB_ID, id_name, job_name, shell
from core.plan.keys.trigger_keys import TRIGGERS
from core.spec.workflow import DefaultsSpec, WorkflowSpec


def _defaults(**fields: Any) -> DefaultsSpec:
    return DefaultsSpec(env=fields.get("env", {}))


DEFAULTS: Final = Record(
    "defaults",
    "defaults",
    (
        Key(name="image", form=IMAGE, description="The image of jobs that name none."),
        Key(name="shell", form=shell(Where.JOB), description="The shell of jobs that name none."),
        Key(
            name="working_directory",
            form=Text(Where.JOB, blank=False),
            description="The working directory of jobs that name none.",
        ),
        *timeouts(Where.JOB, "The time limit of jobs that name none."),
        Key(name="retry", form=RETRY, description="The retries of jobs that name none."),
        Key(
            name="env",
            form=env(Where.WORKFLOW_ENV),
            description="Variables of all jobs; the workflow's env and the jobs' come over them.",
        ),
        Key(
            name="resources",
            form=resources("resources", Where.JOB),
            description="The resources of jobs that name none.",
        ),
        NETWORK,
        PROFILE,
        run_defaults(Where.JOB),
    ),
    _defaults,
    Rules(conflicts=(("timeout", "timeout_minutes"),), removable=False),
)


JOBS: Final = Named(JOB, "jobs by their ids", naming=job_name, pattern=JOB_ID, least=1, folds=True)


def _workflow(**fields: Any) -> WorkflowSpec:
    for name in ("on", "stages", "version"):
        fields.pop(name, None)
    name = fields.pop("name", "")
    return WorkflowSpec(name=name, **fields)


WORKFLOW: Final = Record(
    "workflow",
    "a workflow",
    (
        Key(name="name", form=Text(most=100), description="The workflow's name; the file's if this is not given."),
        Key(
            name="version",
            form=Number(1, 1, code="E004"),
            description="The version of this format.",
            default=1,
        ),
        Key(name="description", form=Text(), description="What the workflow is for."),
        Key(
            name="run_name",
            form=Text(Where.RUN),
            description="What to show for a run, such as ci ${{ inputs.target }} #${{ run.number }}.",
        ),
        Key(
            name="inputs",
            form=INPUTS,
            description="What whoever starts the workflow gives; inputs.NAME in expressions, with its type.",
        ),
        Key(name="on", form=TRIGGERS, description="GitHub's place for inputs; no trigger starts anything here."),
        Key(
            name="env",
            form=env(Where.WORKFLOW_ENV),
            foreign=("variables",),
            description="Environment variables of all jobs; values are read as text.",
        ),
        Key(
            name="expressions",
            form=Choice(("extended", "github")),
            description="'github' turns the functions off that GitHub does not have.",
            default="extended",
        ),
        Key(
            name="secrets",
            form=SECRET_NAMES,
            description="Names of the secrets that have to be there; missing ones are told before anything starts.",
        ),
        Key(name="defaults", form=DEFAULTS, description="What jobs take that do not say otherwise."),
        Key(
            name="services",
            form=Services("sharedService", Where.WORKFLOW_ENV, Where.WORKFLOW_ENV),
            description="Containers that all jobs of a run share, as in jobs.",
        ),
        Key(
            name="concurrency",
            form=concurrency("concurrency", Where.RUN),
            description="A group that only so many runs may be in at once.",
        ),
        Key(
            name="max_parallel",
            form=Number(1, 10_000),
            description="How many jobs of the run are under way at once.",
        ),
        Key(
            name="on_failure",
            form=Choice(("continue", "cancel")),
            description="Whether the first failure that is not tolerated cancels the run.",
            default="continue",
        ),
        *timeouts(Where.RUN, "The time limit of the whole run: seconds, or a text such as 45m. Default 3600."),
        Key(
            name="cleanup_policy",
            field="cleanup",
            form=Choice(("remove_on_completion", "keep_on_failure", "keep")),
            description="What becomes of the containers of jobs that have ended.",
            default="remove_on_completion",
        ),
        Key(
            name="outputs",
            form=Named(
                Text(Where.WORKFLOW_OUTPUTS, takes_null=True), "outputs by their names", naming=id_name, pattern=ID
            ),
            description="What the run hands on, evaluated when it ends.",
        ),
        Key(
            name="stages",
            form=Many(Text(blank=False), "a list of stages", lone=False),
            description="GitLab's stages in their order; a job without needs needs all of the stage before its own.",
        ),
        Key(
            name="jobs",
            form=JOBS,
            description="The jobs by their ids. What begins with '.' is a template for extends and never runs.",
            required=True,
            missing="add jobs: {hello: {image: alpine:3.20, commands: [echo hello]}}",
            blank={},
        ),
        Key(
            name="permissions",
            form=Data(None),
            description="Ignored: a job has no token that it could limit.",
            ignored="a job has no token that it could limit",
        ),
    ),
    _workflow,
    Rules(conflicts=(("timeout", "timeout_minutes"),), answers=answer_workflow, open_prefix="x-", removable=False),
)
