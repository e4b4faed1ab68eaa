"""What one step of a job was asked to be."""

from __future__ import annotations

import re
import shlex
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import AfterValidator, Field, StrictBool, field_validator

from core.spec.base import Frozen
from core.spec.fields import Argument, EnvName, Script, StepName, env_from_pairs, plain_text

MAX_SECONDS: Final = 7 * 86_400

SHELLS: Final = {"sh": "sh -e {0}", "bash": "bash -eo pipefail {0}", "python": "python {0}"}
"""What a shell's name stands for; ``{0}`` is the file with the step's text."""

When = Literal["success", "failure", "always"]
"""After what a step runs: all went well so far, something failed, whatever happened."""

_ID: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,99}")
_OPENING: Final = "${{"


def _step_id(text: str) -> str:
    if text and _ID.fullmatch(text) is None:
        raise ValueError("a step's id is up to 100 letters, digits, '_' and '-', beginning with a letter or '_'")
    return text


def _shell(text: str) -> str:
    if not text or text in SHELLS:
        return text
    if "{0}" not in text:
        known = ", ".join(SHELLS)
        raise ValueError(f"one of {known}, or a command with {{0}} where the file with the step's text goes")
    if len(plain_text(text)) > 1024:
        raise ValueError("a shell has at most 1024 characters")
    try:
        shlex.split(text)
    except ValueError:
        raise ValueError("a quote in it is never closed") from None
    return text


def _folder(text: str) -> str:
    if not 1 <= len(plain_text(text)) <= 1024:
        raise ValueError("a folder has 1 to 1024 characters")
    if _OPENING not in text and ".." in text.split("/"):
        raise ValueError("a folder without '..'; name an absolute path instead")
    return text


def _condition(text: str) -> str:
    if len(plain_text(text)) > 21_100:
        raise ValueError("a condition has at most 21000 characters")
    return text


ExitCode = Annotated[int, Field(ge=0, le=255)]

StepId = Annotated[str, AfterValidator(_step_id)]
"""What expressions call a step; empty for none."""

Shell = Annotated[str, AfterValidator(_shell)]
"""One of `SHELLS`, or a command with ``{0}``; empty for the shell that steps share."""

StepFolder = Annotated[str, AfterValidator(_folder)]
"""A folder in the container, absolute or relative."""


class StepSpec(Frozen):
    """One step of a job: text that a shell in the job's container runs.

    Steps that say nothing of a shell, variables, a folder, tolerance or retries share one `sh`. Any other is a
    process of its own, started from that shell: the folder and exported variables go in, nothing comes back.
    """

    ENGINES_OWN: ClassVar[frozenset[str]] = frozenset({"condition"})
    """Fields that no request has."""

    run: Script
    """The text, as in a script; `cd` and variables carry over to the next step that shares the shell."""
    name: StepName = ""
    """What to call the step; its first line if empty."""
    id: StepId = ""
    """What `steps.<id>` calls it in expressions."""
    timeout_s: Annotated[float, Field(gt=0, le=MAX_SECONDS)] | None = None
    """The step's own time limit in seconds; past it the job ends."""
    env: Annotated[dict[EnvName, Argument], Field(max_length=1000)] = Field(default_factory=dict[str, str])
    """Variables of this step only."""
    shell: Shell = ""
    """`sh`, `bash`, `python`, or a command with `{0}` for the file with the text; empty shares the job's shell."""
    workdir: StepFolder | None = None
    """Where the step starts; a relative one counts from where it would start without."""
    when: When = "success"
    """`failure` runs it only after a failure, `always` whatever happened, also when the job is stopped."""
    condition: Annotated[str, AfterValidator(_condition)] = ""
    """The text of an `if` in place of `when`; only workflows have it."""
    continue_on_error: StrictBool | Annotated[tuple[ExitCode, ...], Field(min_length=1, max_length=64)] = False
    """Whether the job goes on as after a success when the step fails; a list tolerates these exit codes only."""
    retries: Annotated[int, Field(ge=0, le=10)] = 0
    """How often a failed step is repeated in the same container."""
    retry_delay_s: Annotated[float, Field(ge=0, le=3600)] = 1
    """Wait before the first repetition."""
    retry_factor: Annotated[float, Field(ge=1, le=100)] = 2
    """By what each further wait is longer."""
    retry_max_delay_s: Annotated[float, Field(ge=0, le=3600)] = 3600
    """The longest wait."""
    retry_exit_codes: Annotated[tuple[ExitCode, ...], Field(max_length=64)] = ()
    """The exit codes that are tried again; all if empty."""

    @field_validator("env", mode="before")
    @classmethod
    def _env_from_pairs(cls, value: Any) -> Any:
        return env_from_pairs(value)

    @property
    def title(self) -> str:
        """The step's name, or its first line cut to 80 characters, without control characters."""
        return title_of(self.name, self.run)

    @property
    def is_own_process(self) -> bool:
        """Whether it runs in a process of its own, and not in the shell that steps share."""
        return bool(self.shell or self.env or self.workdir or self.continue_on_error or self.retries)

    def argv(self, file: str) -> tuple[str, ...]:
        """The argument list that runs the step's text, once that is in a file."""
        template = SHELLS.get(self.shell, self.shell) or SHELLS["sh"]
        return tuple(part.replace("{0}", file) for part in shlex.split(template))

    def tolerates(self, exit_code: int) -> bool:
        """Whether the job goes on after this exit code as after a success."""
        if isinstance(self.continue_on_error, bool):
            return self.continue_on_error
        return exit_code in self.continue_on_error

    def retry_delays(self) -> tuple[float, ...]:
        """Seconds to wait before each repetition."""
        return tuple(
            min(self.retry_delay_s * self.retry_factor**number, self.retry_max_delay_s)
            for number in range(self.retries)
        )


def title_of(name: str, run: str) -> str:
    """The name, or the first line of the text cut to 80 characters, without control characters."""
    if name:
        return name
    lines = run.strip().splitlines() or [""]
    line = lines[0]
    if not line.isprintable():
        line = "".join(mark if mark.isprintable() else " " for mark in line)
    return line if len(line) <= 80 else line[:79] + "…"
