"""The arguments that describe a job."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, cast

from pydantic import Field, field_validator

from core import RUNTIMES
from orcaops_mcp.mcp_server.toolset import Arguments

WaitSeconds = Annotated[float, Field(ge=0, le=50)]

_DOOR_ONLY: Final = frozenset({"idempotency_key", "wait_s", "dry_run", "template", "inputs"})


class SubmitJob(Arguments):
    """A job as an agent describes it. Limits that the engine checks are not repeated here."""

    image: str = ""
    """Image reference, e.g. python:3.12-slim. Needed unless runtime is given."""
    command: Annotated[list[str] | None, Field(max_length=1024)] = None
    """Argument list run without a shell: ["pytest","-q"]. Give one of command, commands, script, entry."""
    commands: Annotated[list[str] | None, Field(max_length=100)] = None
    """Shell steps run in order, each with its own exit code; the first failure ends the job."""
    script: str | None = None
    """One shell script (POSIX sh)."""
    entry: str = ""
    """File to run with runtime, one of the uploaded files: main.py."""
    args: Annotated[list[str] | None, Field(max_length=1024)] = None
    """Arguments of entry."""
    runtime: Annotated[str, Field(json_schema_extra={"enum": [*sorted(RUNTIMES)]})] = ""
    """What runs entry; names the image."""
    files: Annotated[list[str] | None, Field(max_length=20)] = None
    """Upload ids from orcaops_upload_files, put into the working directory."""
    workspace: str = ""
    """Folder put into the working directory, as it is now, without what .gitignore leaves out: "."."""
    mounts: Annotated[list[str] | None, Field(max_length=16)] = None
    """Folders of the engine's machine as SRC:DST[:rw]; read-only unless rw."""
    env: Annotated[list[str] | None, Field(max_length=1000)] = None
    """Variables as KEY=VALUE."""
    secrets: Annotated[list[str] | None, Field(max_length=100)] = None
    """Names of secrets the operator configured; set as variables and masked in the log."""
    services: Annotated[list[dict[str, Any]] | None, Field(max_length=16)] = None
    """Containers beside the job, up before it: [{"id":"db","image":"postgres:16","env":["POSTGRES_PASSWORD=x"]}].

    Also command, ports, ready {tcp|http|log|exec}, depends_on. The job finds host db, $DB_HOST, $DB_PORT, $DB_URL."""
    workdir: str = ""
    """Absolute working directory; the image's own if left out."""
    artifacts: Annotated[list[str] | None, Field(max_length=64)] = None
    """Paths or globs to keep after the job, success or not: ["dist/**","report.xml"]."""
    outputs: Annotated[list[str] | None, Field(max_length=100)] = None
    """Names the job promises to write as name=value lines to $ORCAOPS_OUTPUT."""
    timeout_s: float | None = None
    """Time limit in seconds."""
    step_timeout_s: float | None = None
    """Time limit of each step of commands or script, in seconds."""
    cpus: float | None = None
    """CPU limit in cores."""
    memory_mb: int | None = None
    """Memory limit in MiB."""
    gpus: int | None = None
    """GPUs to reserve."""
    network: Annotated[str, Field(json_schema_extra={"enum": ["bridge", "services", "none"]})] = ""
    """bridge reaches out; services reaches only its services; none has no network."""
    profile: Annotated[str, Field(json_schema_extra={"enum": ["strict", "standard", "trusted"]})] = ""
    """How tightly it is held; strict: no network, no root, read-only. The operator's default if left out."""
    priority: int | None = None
    """-100 to 100; higher starts earlier."""
    retries: int | None = None
    """Further attempts after a failure, 0 to 10."""
    cleanup: Literal["remove_on_completion", "keep_on_failure", "keep"] | None = None
    """What becomes of the container."""
    name: str = ""
    """Name to find the job by."""
    tags: Annotated[list[str] | None, Field(max_length=32)] = None
    """Labels to find the job by."""
    template: Annotated[str, Field(max_length=90)] = ""
    """Run this saved template, NAME or NAME@VERSION, instead of the fields above."""
    inputs: dict[str, Any] | None = None
    """The template's inputs by name."""
    idempotency_key: Annotated[str, Field(max_length=200)] = ""
    """A repeat with the same key returns the first job instead of starting another."""
    wait_s: WaitSeconds = 0
    """Wait up to this many seconds for the end: the answer has the outcome and last log lines. 0 returns at once."""
    dry_run: bool = False
    """Only check; returns the effective spec and starts nothing."""

    @field_validator("env", mode="before")
    @classmethod
    def _pairs(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        named = cast("dict[str, object]", value)
        if any("=" in name for name in named):
            raise ValueError("a variable's name is letters, digits and '_'; '=' ends it")
        return [f"{name}={_scalar(item)}" for name, item in named.items()]

    @field_validator("commands", "artifacts", "tags", "files", "secrets", "outputs", "mounts", mode="before")
    @classmethod
    def _one_is_a_list(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @field_validator("services", mode="before")
    @classmethod
    def _services_in_a_list(cls, value: Any) -> Any:
        if isinstance(value, dict):
            named = cast("dict[str, Any]", value)
            return [{"id": id_, **_service(item)} for id_, item in named.items()]
        if isinstance(value, list):
            return [_service(item) for item in cast("list[Any]", value)]
        return [_service(value)]

    @field_validator("command", mode="before")
    @classmethod
    def _argv(cls, value: Any) -> Any:
        if isinstance(value, str):
            sentence = 'a list of arguments, such as ["sh","-c","…"]; for shell text use commands or script'
            raise ValueError(sentence)  # noqa: TRY004 - pydantic reports a ValueError, a TypeError would be a crash
        return value

    def request(self) -> dict[str, Any]:
        """The fields that were given, for `parse_job`."""
        given = {name: getattr(self, name) for name in self.model_fields_set - _DOOR_ONLY}
        return {name: value for name, value in given.items() if value is not None}


def _service(item: Any) -> Any:
    """An image stands for a service of that image."""
    return {"image": item} if isinstance(item, str) else item


def _scalar(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    raise ValueError("a variable's value is a text or a number")
