"""The keys of steps, and of what steps and jobs have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from core.plan.context import Place as Where
from core.plan.keys.control_keys import RETRY, env, tolerance
from core.plan.keys.foreign import answer_step
from core.plan.keys.measures import duration
from core.plan.keys.records import Key, Record, Rules, fields_of
from core.plan.keys.report import quoted
from core.plan.keys.scalars import Condition, Text
from core.plan.keys.structures import Many, Short
from core.plan.keys.texts import shell, step_id
from core.plan.source import MappingNode
from core.spec.workflow import WorkflowStepSpec

if TYPE_CHECKING:
    from core.plan.keys.report import Report
    from core.plan.source import Node

TIMEOUT_MINUTES: Final = 60


class _Command(Text):
    """A text for a shell."""

    def check(self, node: Node, to: Report) -> Node | None:
        """The text; a colon in it that YAML takes for a mapping's is told."""
        if not isinstance(node, MappingNode):
            return super().check(node, to)
        written = to.written(node)
        hint = "': ' makes a mapping of it: put the whole command in quotes"
        to.wrong(node, self.expected, hint, fix=quoted(node, written) if written else None)
        return None


_COMMAND: Final = _Command(Where.STEP, expected="a command")
COMMANDS: Final = Many(_COMMAND, "a command, or a list of commands")


def timeouts(where: Where, description: str) -> tuple[Key, Key]:
    """The keys for a time limit: in seconds or with units, and in minutes as on GitHub."""
    minutes = duration(where, factor=TIMEOUT_MINUTES)
    return (
        Key(name="timeout", field="timeout_s", form=duration(where), description=description),
        Key(
            name="timeout_minutes",
            field="timeout_s",
            form=minutes,
            description=f"{description} In minutes, as on GitHub.",
        ),
    )


STEP: Final = Record(
    "step",
    "a step",
    (
        Key(name="name", form=Text(Where.STEP), description="What to call the step."),
        Key(name="id", form=step_id(), description="What steps.<id> calls it; unlike any other step's of the job."),
        Key(
            name="if",
            field="condition",
            form=Condition(Where.STEP_IF),
            description="An expression; the step is skipped if it is false. Without a status function it means "
            "success() && (…).",
        ),
        Key(
            name="commands",
            form=COMMANDS,
            aliases=("run",),
            foreign=("script",),
            description="What one shell runs, in order, up to the first failure.",
            required=True,
            missing="add run: …",
            blank=(),
        ),
        Key(name="env", form=env(Where.STEP), foreign=("environment",), description="Variables of the step."),
        Key(
            name="shell",
            form=shell(Where.STEP),
            description="sh, bash, python, or a command with {0} for the script's file.",
        ),
        Key(
            name="working_directory",
            form=Text(Where.STEP, blank=False),
            description="The folder it starts in.",
        ),
        *timeouts(Where.STEP, "The step's time limit: seconds, or a text such as 90s, 10m."),
        Key(name="retry", form=RETRY, description="Further attempts in the same container."),
        Key(
            name="continue_on_error",
            field="tolerance",
            form=tolerance(Where.STEP),
            foreign=("allow_failure",),
            description="Whether the job goes on if the step fails.",
            default=False,
        ),
    ),
    WorkflowStepSpec,
    Rules(conflicts=(("timeout", "timeout_minutes"),), answers=answer_step, stands_for={"uses": "commands"}),
)

STEPS: Final = Many(
    Short(STEP, "commands", _COMMAND, "a step: a mapping with run"), "a list of steps", least=1, lone=False
)


def run_defaults(where: Where) -> Key:
    """GitHub's ``defaults.run``."""
    keys = (
        Key(name="shell", form=shell(where), description="The shell of the commands."),
        Key(name="working_directory", form=Text(where, blank=False), description="The folder they start in."),
    )
    record = Record("defaultsRun", "defaults.run", keys, fields_of)
    return Key(name="run", form=record, description="GitHub's spelling of shell and working_directory.")
