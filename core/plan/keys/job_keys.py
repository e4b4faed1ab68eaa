"""The keys of jobs and steps."""

from __future__ import annotations

from typing import Any, Final, cast

from core.plan.context import Place as Where
from core.plan.keys.container_keys import ARTIFACTS, IMAGE, OUTPUTS
from core.plan.keys.control_keys import JOB_IDS, NEEDS, RETRY, SECRET_NAMES, concurrency, env, resources, tolerance
from core.plan.keys.data import Computed, Data
from core.plan.keys.foreign import answer_job
from core.plan.keys.records import Key, Record, Rules, fields_of
from core.plan.keys.sandbox_keys import NETWORK, PROFILE
from core.plan.keys.scalars import Choice, Condition, Flag, Number, Text
from core.plan.keys.services import Services
from core.plan.keys.step_keys import COMMANDS, STEPS, run_defaults, timeouts
from core.plan.keys.structures import AnyOf, Many, Named, Shapes
from core.plan.keys.texts import ENV_NAME, env_name, shell, signal, user
from core.spec.workflow import CallSpec, MatrixSpec, WorkflowJobSpec

MATRIX: Final = AnyOf(
    Shapes(scalar=Computed(Where.MATRIX, "a mapping, or an expression"), mapping=Data(Where.MATRIX)),
    "a mapping of lists, or an expression",
    hint="write python: ['3.11', '3.12']",
)
_ENTRIES: Final = AnyOf(
    Shapes(scalar=Computed(Where.MATRIX, "a list of mappings, or an expression"), items=Data(Where.MATRIX)),
    "a list of mappings, or an expression",
)


_FAIL_FAST: Final = Key(
    name="fail_fast",
    form=Flag(Where.MATRIX),
    description="Whether the other variants are cancelled once one has failed.",
    default=True,
)
_MAX_PARALLEL: Final = Key(
    name="max_parallel",
    form=Number(1, 10_000, where=Where.MATRIX),
    description="How many variants run at once; all of them if this is not given.",
)
_MATRIX: Final = Key(
    name="matrix",
    form=MATRIX,
    description="The job runs once for each combination of the vectors' values, less exclude, plus include.",
)
STRATEGY: Final = Record("strategy", "a strategy", (_MATRIX, _FAIL_FAST, _MAX_PARALLEL), fields_of)

_PARALLEL: Final = AnyOf(
    Shapes(
        scalar=Number(1, 256),
        mapping=Record(
            "parallel",
            "parallel",
            (
                Key(
                    name="matrix",
                    form=Many(Data(None), "a list of mappings", least=1, lone=False),
                    description="Mappings of names to values; the products of each are put one behind the other.",
                    required=True,
                ),
            ),
            fields_of,
        ),
    ),
    "a number, or a mapping with matrix",
)


_DEFAULTS: Final = Record("jobDefaults", "a job's defaults", (run_defaults(Where.JOB),), fields_of)

_IDENTITY: Final = (
    Key(name="name", form=Text(Where.JOB), description="What to show for the job; its id if this is not given."),
    Key(name="description", form=Text(), description="What the job is for."),
    Key(
        name="extends",
        form=JOB_IDS,
        description="A template, or several: mappings are merged, later ones and the job itself win, null takes away.",
    ),
)

_WORK: Final = (
    Key(
        name="image",
        form=IMAGE,
        foreign=("container",),
        description="The image of the job's container, such as python:3.12-slim; defaults.image if this is not given.",
    ),
    Key(
        name="commands",
        form=COMMANDS,
        aliases=("run",),
        foreign=("script",),
        description="What one shell runs, in order, up to the first failure; [] runs the image's own command.",
    ),
    Key(name="steps", form=STEPS, description="Several lists of commands in the same container."),
    Key(name="before_script", form=COMMANDS, description="Commands that are put in front of the others."),
    Key(
        name="after_script",
        form=COMMANDS,
        description="Commands that run last, whatever became of the others.",
    ),
    Key(
        name="env",
        form=env(Where.JOB_ENV),
        foreign=("variables", "environment"),
        description="Environment variables; values are read as text.",
    ),
    Key(name="shell", form=shell(Where.JOB), description="sh, bash, python, or a command with {0}.", default="sh"),
    Key(
        name="working_directory",
        form=Text(Where.JOB, blank=False),
        description="The folder in the container in which commands start.",
    ),
    Key(name="user", form=user(Where.JOB), description="Who the commands run as, such as 1000:1000."),
    Key(
        name="volumes",
        form=Many(Text(Where.JOB, blank=False), "a list of volumes"),
        description="Folders of the engine's machine, as far as they are allowed: SOURCE:TARGET, SOURCE:TARGET:ro.",
    ),
    Key(
        name="services",
        form=Services("service", Where.JOB, Where.CREDENTIALS),
        description="Containers beside the job: a list of images, or a mapping of ids to images.",
    ),
    Key(
        name="artifacts",
        form=ARTIFACTS,
        description="Files to keep; jobs that need this one find them under $ORCAOPS_NEEDS_DIR/<job>/.",
    ),
    Key(
        name="outputs",
        form=OUTPUTS,
        description="The values that the job hands on; without it, whatever it writes to $ORCAOPS_OUTPUT.",
    ),
    Key(name="resources", form=resources("resources", Where.JOB), description="What the container may use."),
    NETWORK,
    PROFILE,
    Key(name="stop_signal", form=signal(), description="The first signal of a cancel.", default="SIGTERM"),
    Key(name="defaults", form=_DEFAULTS, description="GitHub's defaults.run of a job."),
)

_ORDER: Final = (
    Key(
        name="needs",
        form=NEEDS,
        aliases=("requires", "depends_on"),
        description="Jobs that have to succeed first; their outputs and artifacts are there.",
    ),
    Key(name="after", form=JOB_IDS, description="Jobs to wait for, whatever their results."),
    Key(
        name="parallel_with",
        form=JOB_IDS,
        description="Jobs to run side by side with; nothing may order the two.",
    ),
    Key(
        name="if",
        field="condition",
        form=Condition(Where.JOB_IF),
        description="An expression; the job is skipped if it is false. Without a status function (success, failure, "
        "always, cancelled) it means success() && (…).",
    ),
    Key(
        name="unless",
        form=Condition(Where.JOB_IF),
        description="An expression; the job is skipped if it is true.",
    ),
    Key(
        name="on_complete",
        form=Choice(
            ("success", "failure", "always"),
            read_as={"on_success": "success", "on_failure": "failure"},
            refused={
                "manual": "an approval is given outside of the file; start the job by a condition on an input",
                "delayed": "nothing waits by the clock; an approval is given outside of the file",
                "never": "write if: false, or make it a template: a name that begins with '.'",
            },
        ),
        foreign=("when",),
        description="Which ends of others let it run. Without needs and after it waits for all jobs.",
    ),
    Key(
        name="finally",
        form=Flag(),
        description="Whether it waits for all jobs that are no finally jobs.",
        default=False,
    ),
    Key(name="stage", form=Text(), description="GitLab's stage: without needs, the job needs all of the stage before."),
)

_VARIANTS: Final = (
    _MATRIX,
    Key(name="include", form=_ENTRIES, description="Combinations to add to the matrix, or values to add to some."),
    Key(name="exclude", form=_ENTRIES, description="Combinations to leave out of the matrix."),
    _FAIL_FAST,
    _MAX_PARALLEL,
    Key(name="strategy", form=STRATEGY, description="GitHub's place for matrix, fail_fast and max_parallel."),
    Key(
        name="parallel",
        form=_PARALLEL,
        description="GitLab's matrix: a number of equal variants, or a list of mappings under matrix.",
    ),
)

_CONTROL: Final = (
    *timeouts(Where.JOB, "The time limit of one attempt: seconds, or a text such as 90s, 10m, 1h30m. Default 300."),
    Key(name="retry", form=RETRY, description="Further attempts, each in a container of its own.", default=0),
    Key(
        name="continue_on_error",
        field="tolerance",
        form=tolerance(Where.JOB),
        foreign=("allow_failure",),
        description="Whether a failure counts as success for other jobs: true, an expression, or {exit_codes: [137]}.",
        default=False,
    ),
    Key(
        name="concurrency",
        form=concurrency("jobConcurrency", Where.JOB),
        description="A group that only so many jobs may be in at once, over all runs.",
    ),
)

_CALL: Final = (
    Key(
        name="uses",
        form=Text(expected="the path of a workflow file, such as ./build.yaml", strict=True, blank=False),
        description="A workflow file, relative to this one, that runs in the job's place.",
    ),
    Key(
        name="with",
        form=Named(Data(Where.JOB), "the inputs of the called workflow"),
        description="The inputs of the called workflow.",
    ),
    Key(
        name="secrets",
        form=AnyOf(
            Shapes(
                scalar=Choice(("inherit",)),
                items=SECRET_NAMES,
                mapping=Named(
                    Text(Where.CREDENTIALS), "secrets by name", naming=env_name, pattern=ENV_NAME, removable=True
                ),
            ),
            "'inherit', a list of names, or a mapping",
        ),
        description="With uses: 'inherit', or the secrets handed on. Without: names of secrets that become variables.",
    ),
)

_IGNORED: Final = tuple(
    Key(name=name, form=Data(None), description=f"Ignored: {reason}.", ignored=reason)
    for name, reason in (
        ("runs_on", "a job runs in a container, of the image it names"),
        ("tags", "there are no runners to choose from"),
        ("labels", "there are no runners to choose from"),
        ("permissions", "a job has no token that it could limit"),
        ("interruptible", "concurrency says what cancels what"),
        ("coverage", "write the figure to $ORCAOPS_OUTPUT"),
    )
)


def _handed_on(secrets: Any) -> Any:
    """The secrets of a call; a list of names hands them on under their own."""
    if not isinstance(secrets, tuple):
        return secrets
    return {name: f"${{{{ secrets.{name} }}}}" for name in cast("tuple[str, ...]", secrets)}


_ELSEWHERE: Final = frozenset({
    "extends", "stage", "commands", "before_script", "after_script", "include", "exclude", "strategy", "parallel",
    "defaults",
})  # fmt: skip
"""Keys whose values stand under others in the canonical form."""


def _job(**written: Any) -> WorkflowJobSpec:
    fields = {name: value for name, value in written.items() if name not in _ELSEWHERE}
    matrix, fast, most = fields.pop("matrix", None), fields.pop("fail_fast", True), fields.pop("max_parallel", None)
    if matrix is not None:
        fields["matrix"] = MatrixSpec(definition=matrix, fail_fast=fast, max_parallel=most)
    secrets = fields.pop("secrets", ())
    called, inputs = fields.pop("uses", ""), fields.pop("with", {})
    if called:
        fields["call"] = CallSpec(file=called, inputs=inputs, secrets=_handed_on(secrets))
    elif isinstance(secrets, tuple):
        fields["secrets"] = secrets
    waits = bool(fields.get("needs") or fields.get("after"))
    is_finally = fields.pop("finally", fields.get("on_complete") is not None and not waits)
    return WorkflowJobSpec(is_finally=is_finally, **fields)


JOB: Final = Record(
    "job",
    "a job",
    (*_IDENTITY, *_WORK, *_ORDER, *_VARIANTS, *_CONTROL, *_CALL, *_IGNORED),
    _job,
    Rules(
        conflicts=(
            ("commands", "steps"),
            ("matrix", "strategy.matrix", "parallel"),
            ("timeout", "timeout_minutes"),
        ),
        answers=answer_job,
        own_key="id",
    ),
)
