"""Where settings come from: the command line, `ORCAOPS_*` variables, `config.yaml` in the home, the defaults.

`Settings` is the one documented model. Its fields are named by dotted paths: ``queue.max_running`` is
``queue: {max_running: …}`` in the file and ``ORCAOPS_QUEUE_MAX_RUNNING`` in the environment.
`orcaops doctor` prints every value and where it came from.
"""

from __future__ import annotations

import dataclasses
import difflib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, cast

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from core import (
    DockerSettings,
    EngineSettings,
    Finding,
    LimitSettings,
    MountSettings,
    QueueSettings,
    RequestError,
    RetentionSettings,
    RuntimeSettings,
    SecretFile,
    SimulationSettings,
    WorkspaceSettings,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
"""Addresses that only this machine can reach."""

_PREFIX: Final = "ORCAOPS_"
_SECRETS: Final = "ORCAOPS_SECRET_"
_OF_FILE: Final = "_FILE"
_FOREIGN: Final = frozenset({
    "ORCAOPS_ENGINE_STATE", "ORCAOPS_OUTPUT", "ORCAOPS_COLOR", "ORCAOPS_JSON", "ORCAOPS_QUIET", "ORCAOPS_TOKEN",
    "ORCAOPS_URL", "ORCAOPS_VERBOSE",
})  # fmt: skip
_FOREIGN_PREFIXES: Final = tuple(f"{_PREFIX}{command}_" for command in (
    "COMPLETION", "CONFIG", "DOCTOR", "JOBS", "MCP", "OPEN", "OPENAPI", "POLICY", "RUN", "RUNS", "SCHEMA", "SECRETS",
    "SERVE", "STATUS", "STOP", "SYSTEM", "TEMPLATES", "TOKENS", "VERSION", "WORKFLOW",
))  # fmt: skip
"""Variables of the command line: an engine that a command starts inherits them."""

_CONFIG_BYTES: Final = 1024 * 1024


class ConfigurationError(RequestError):
    """The configuration has faults."""

    code = "invalid_configuration"
    default_hint = "Correct what is named; `orcaops config show --origin` lists every setting."


class HttpSettings(BaseModel):
    """What the TCP door bears from those who knock."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    require_token_to_read: bool | Literal["auto"] = Field(
        default="auto",
        description="Whether looking needs a token too; auto: if others may come, by host or allowed_hosts.",
    )
    max_body_bytes: int = Field(default=4 * 1024 * 1024, ge=1024, description="Largest body of a request.")
    max_upload_bytes: int = Field(
        default=256 * 1024 * 1024, ge=1024, description="Largest body of a request that sends files."
    )
    body_idle_s: float = Field(default=30, gt=0, description="How long a body may keep the server waiting, in seconds.")
    rate_per_s: float = Field(default=2000, gt=0, description="Requests a second of one caller at one address.")
    rate_burst: int = Field(default=5000, ge=1, description="Requests one caller may make at once before that rate.")
    failed_tokens: int = Field(default=20, ge=1, description="Wrong tokens an address may bring before it has to wait.")
    max_streams: int = Field(default=2000, ge=1, description="Streams and WebSockets open at the same time.")


class Settings(BaseModel):
    """Everything that can be configured; the engine's own sections are `core`'s."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    home: Path = Field(default=Path("~/.orcaops"), description="Folder of the database, logs and artifacts.")
    backend: Literal["docker", "simulated"] = Field(default="docker", description="What runs the containers.")
    queue: QueueSettings = QueueSettings()
    limits: LimitSettings = LimitSettings()
    docker: DockerSettings = DockerSettings()
    simulation: SimulationSettings = SimulationSettings()
    mounts: MountSettings = MountSettings()
    workspace: WorkspaceSettings = WorkspaceSettings()
    runtimes: dict[str, RuntimeSettings] = Field(
        default_factory=dict, description="Further runtimes by name, each with its image and program; in the file only."
    )
    retention: RetentionSettings = RetentionSettings()
    host: str = Field(default="127.0.0.1", min_length=1, description="Address `orcaops serve` listens on.")
    port: int = Field(default=8787, ge=0, le=65535, description="Port `orcaops serve` listens on; 0 takes a free one.")
    token_file: Path | None = Field(
        default=None, description="File with the bearer token; `token` in the home if unset."
    )
    allowed_hosts: tuple[str, ...] = Field(
        default=(), description="Further names clients may use in the Host header, such as orca.example.org."
    )
    allowed_origins: tuple[str, ...] = Field(
        default=(), description="Web origins that may call, such as https://orca.example.org."
    )
    http: HttpSettings = HttpSettings()
    toolsets: tuple[str, ...] = Field(default=("default",), description="Groups of MCP tools on offer.")
    tools: tuple[str, ...] = Field(default=(), description="Only these MCP tools are offered; all if empty.")
    read_only: bool = Field(default=False, description="Offer only MCP tools that change nothing.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="warning", description="What the program logs about itself."
    )
    log_format: Literal["console", "json"] = Field(default="console", description="Form of those log lines.")
    log_file: Path | None = Field(
        default=None,
        description="Where they go; if unset, standard error, or the home's engine.log if a call started the engine.",
    )
    log_file_bytes: int = Field(
        default=10 * 1024 * 1024, ge=64 * 1024, description="Size at which a log file is put aside."
    )
    log_files: int = Field(default=3, ge=1, le=100, description="Log files put aside that are kept.")
    idle_exit: float = Field(
        default=600, gt=0, description="An engine started by a call leaves after this many seconds without work."
    )
    tcp: bool = Field(
        default=True,
        description="Whether an engine started by a call listens on a loopback port too, for pages and HTTP.",
    )

    @property
    def token_path(self) -> Path:
        """The file that holds the bearer token."""
        return (self.token_file or self.home / "token").expanduser()


@dataclass(frozen=True, slots=True)
class Configuration:
    """Settings, and how they came to be.

    Attributes:
        settings: The effective values.
        origins: For each dotted path, ``default``, a variable's name, a file or ``command line``.
        secrets: Secrets for jobs, by name.
        secret_files: Files that hold one each, by its name.
    """

    settings: Settings
    origins: Mapping[str, str]
    secrets: Mapping[str, SecretStr]
    secret_files: Mapping[str, Path] = dataclasses.field(default_factory=dict[str, Path])

    def engine(self) -> EngineSettings:
        """What the engine is opened with."""
        chosen = self.settings
        return EngineSettings(
            home=chosen.home,
            backend=chosen.backend,
            queue=chosen.queue,
            limits=chosen.limits,
            docker=chosen.docker,
            simulation=chosen.simulation,
            mounts=chosen.mounts,
            workspace=chosen.workspace,
            runtimes=chosen.runtimes,
            retention=chosen.retention,
            secrets=dict(self.secrets),
            secret_files=dict(self.secret_files),
        )


def load_configuration(
    environ: Mapping[str, str] | None = None, overrides: Mapping[str, Any] | None = None
) -> Configuration:
    """Read the environment and the home's `config.yaml` once.

    Args:
        environ: Variables; the process's own if None.
        overrides: Values from the command line by dotted path; they win over all else. None means not given.

    Raises:
        ConfigurationError: A name is unknown or a value is not valid; it names every fault and its source.
    """
    variables = os.environ if environ is None else environ
    given = {path: value for path, value in (overrides or {}).items() if value is not None}
    from_environment = _read_environment(variables)
    home = Path(str(given.get("home") or from_environment.get("home") or Settings.model_fields["home"].default))
    config = home.expanduser() / "config.yaml"
    values: dict[str, Any] = {}
    origins: dict[str, str] = dict.fromkeys(setting_paths(), "default")
    for source, layer in (
        (str(config), _read_file(config)),
        ("", from_environment),
        ("command line", given),
    ):
        for path, value in layer.items():
            values[path] = value
            origins[path] = source or variable_name(path)
    values["home"] = home.expanduser().absolute()
    secrets, files = _read_secrets(variables)
    return Configuration(_build(values, origins), origins, secrets, files)


def setting_paths() -> Iterator[str]:
    """The dotted path of every setting, in the model's order."""
    for name, field in Settings.model_fields.items():
        section = field.annotation
        if isinstance(section, type) and issubclass(section, BaseModel):
            yield from (f"{name}.{inner}" for inner in section.model_fields)
        else:
            yield name


def value_at(settings: Settings, path: str) -> object:
    """The value of the setting with this dotted path."""
    value: object = settings
    for name in path.split("."):
        value = getattr(value, name)
    return value


def variable_name(path: str) -> str:
    """The environment variable of a setting: ``queue.max_running`` is ``ORCAOPS_QUEUE_MAX_RUNNING``."""
    return _PREFIX + path.replace(".", "_").upper()


def _read_environment(variables: Mapping[str, str]) -> dict[str, Any]:
    known = {variable_name(path): path for path in setting_paths()}
    values: dict[str, Any] = {}
    for name, text in variables.items():
        if not name.startswith(_PREFIX) or name.startswith(_SECRETS) or name in _FOREIGN:
            continue
        path = known.get(name)
        if path is None and name.startswith(_FOREIGN_PREFIXES):
            continue
        if path is None:
            raise _unknown(f"The variable {name}", name, known)
        values[path] = _from_text(path, text)
    return values


def _read_secrets(variables: Mapping[str, str]) -> tuple[dict[str, SecretStr], dict[str, Path]]:
    """Secrets whose values are variables, and files that hold one each: ``ORCAOPS_SECRET_TOKEN_FILE`` has TOKEN's."""
    secrets: dict[str, SecretStr] = {}
    files: dict[str, Path] = {}
    for variable, value in variables.items():
        name = variable.removeprefix(_SECRETS)
        if name == variable:
            continue
        if len(name) > len(_OF_FILE) and name.endswith(_OF_FILE):
            files[name.removesuffix(_OF_FILE)] = Path(value).expanduser().absolute()
        elif value:  # an empty one is none: jobs that name it are told so
            secrets[name] = SecretStr(value)
    for name in (*secrets, *files):
        if not SecretFile.is_name(name):
            raise ConfigurationError(
                f"{_SECRETS}{name} names no secret: letters, digits and '_', no digit first, at most 128."
            )
    for name in files:
        if name in secrets:
            raise ConfigurationError(f"{_SECRETS}{name} and {_SECRETS}{name}{_OF_FILE} are both set; keep one.")
    return secrets, files


def _from_text(path: str, text: str) -> object:
    """Lists are written with commas, named capacity as ``gpus=2,disks=1``."""
    default = value_at(Settings(), path)
    if isinstance(default, tuple):
        return [part.strip() for part in text.split(",") if part.strip()]
    if isinstance(default, dict):
        return {
            name.strip(): count.strip() for name, _, count in (pair.partition("=") for pair in text.split(",")) if name
        }
    return text


def _read_file(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    import yaml  # noqa: PLC0415 - only a home with a config.yaml pays for it

    try:
        if path.stat().st_size > _CONFIG_BYTES:
            raise ConfigurationError(f"{path} is larger than 1 MiB.")
        content: object = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, OSError, UnicodeDecodeError) as error:
        place = str(getattr(error, "problem_mark", "") or "").strip()
        raise ConfigurationError(f"{path} cannot be read as YAML. {place}".rstrip()) from error
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise ConfigurationError(f"{path} must hold settings by name, such as `port: 8787`.")
    return _flatten(path, cast("dict[object, object]", content))


def _flatten(source: Path, content: Mapping[object, object]) -> dict[str, Any]:
    known = tuple(setting_paths())
    sections = {path.partition(".")[0] for path in known if "." in path}
    flat: dict[str, Any] = {}
    for key, value in content.items():
        if key in sections and isinstance(value, dict):
            flat.update({f"{key}.{inner}": item for inner, item in cast("dict[object, object]", value).items()})
        else:
            flat[str(key)] = value
    for path in flat:
        if path not in known:
            raise _unknown(f"The setting {path} in {source}", path, known)
    return flat


def _unknown(what: str, name: str, known: Mapping[str, str] | tuple[str, ...]) -> ConfigurationError:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    guess = f"; did you mean {near[0]}?" if near else ""
    return ConfigurationError(f"{what} is not known{guess}" if guess else f"{what} is not known.")


def _build(values: Mapping[str, Any], origins: Mapping[str, str]) -> Settings:
    nested: dict[str, Any] = {}
    for path, value in values.items():
        section, dot, name = path.partition(".")
        if dot:
            nested.setdefault(section, {})[name] = value
        else:
            nested[path] = value
    try:
        return Settings.model_validate(nested)
    except ValidationError as error:
        findings = tuple(
            _finding(detail["loc"], detail["msg"], origins) for detail in error.errors(include_input=False)
        )
        raise ConfigurationError("; ".join(str(finding) for finding in findings), findings=findings) from None


def _finding(loc: tuple[int | str, ...], message: str, origins: Mapping[str, str]) -> Finding:
    parts = [str(part) for part in loc]
    path = next((joined for count in (2, 1) if (joined := ".".join(parts[:count])) in origins), ".".join(parts))
    return Finding(path, f"{message} (from {origins.get(path, 'command line')})")
