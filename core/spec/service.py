"""Services: containers that live beside a job, on a network of its own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, cast

from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator

from core.spec.base import Frozen
from core.spec.fields import MAX_ARGUMENT_BYTES, Argument, EnvName, ImageReference, User, env_from_pairs, plain_text
from core.spec.node import LateEnv

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_ID: Final = re.compile(r"[A-Za-z](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?")
_HOST: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,126}[A-Za-z0-9])?")
_TESTS: Final = ("NONE", "CMD", "CMD-SHELL")
_HTTP: Final = re.compile(r"(?::?(?P<port>[0-9]{1,5}))?(?P<path>/[\x21-\x7e]{0,1023})")
_LARGEST_PORT: Final = 65_535


def _service_id(text: str) -> str:
    if _ID.fullmatch(text) is None:
        raise ValueError("a service's id is 1 to 63 letters, digits, '_', '.' or '-', beginning with a letter")
    return text


def _host(text: str) -> str:
    if _HOST.fullmatch(text) is None:
        raise ValueError(
            "a host name is letters, digits, '_', '.' and '-', beginning and ending with a letter or digit"
        )
    return text


def _port(value: object) -> object:
    """A port as Docker writes it: the container's own stands last, and only TCP can be waited for."""
    if not isinstance(value, str):
        return value
    number = value.rpartition(":")[2].removesuffix("/tcp")
    if not (number.isascii() and number.isdecimal() and len(number) <= 5):
        raise ValueError("a port of the container, such as 5432; only TCP")
    return int(number)


ServiceId = Annotated[str, AfterValidator(_service_id)]
"""What a service is called: its first name in the job's network."""

HostName = Annotated[str, AfterValidator(_host)]
"""A further name in the job's network."""

Port = Annotated[int, BeforeValidator(_port), Field(ge=1, le=_LARGEST_PORT)]
"""A TCP port of a container."""

_Command = Annotated[tuple[Argument, ...], Field(max_length=1024)]
_Span = Annotated[float, Field(gt=0, le=3600)]


class HealthCheckSpec(Frozen):
    """A check that the container engine carries out inside a service's container."""

    test: Annotated[tuple[Argument, ...], Field(min_length=1, max_length=1024)]
    """`["CMD", …]`, `["CMD-SHELL", "text"]`, or a text, which a shell runs."""
    interval_s: _Span | None = None
    """Between two checks; 2 if left out."""
    timeout_s: _Span | None = None
    """After which a check counts as failed; 30 if left out."""
    retries: Annotated[int, Field(ge=1, le=1000)] | None = None
    """So many failures one after another make it unhealthy; 3 if left out."""
    start_period_s: Annotated[float, Field(ge=0, le=3600)] | None = None
    """Failures this early do not count; all of `ready_timeout_s` if neither this nor `retries` is given."""

    @field_validator("test", mode="before")
    @classmethod
    def _text_is_for_a_shell(cls, value: Any) -> Any:
        return ("CMD-SHELL", value) if isinstance(value, str) else value

    @field_validator("test")
    @classmethod
    def _begins_with_its_kind(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if value[0] not in _TESTS or (len(value) == 1) != (value[0] == "NONE"):
            raise ValueError("begins with CMD or CMD-SHELL and goes on with what to run; or is a text for a shell")
        if value[0] == "CMD-SHELL" and len(value) != 2:
            raise ValueError("after CMD-SHELL comes one text")
        return value


class ReadySpec(Frozen):
    """When a service is ready: one of these."""

    exec: Annotated[tuple[Argument, ...], Field(max_length=1024)] = ()
    """This command succeeds in the service's container; a text is run by its shell."""
    tcp: Port | None = None
    """This port takes connections."""
    http: str | None = None
    """This path answers with 200 to 399: `/health`, or `8080/health` for a port other than the service's first."""
    log: Annotated[str, Field(min_length=1, max_length=1000)] | None = None
    """A line of its log matches this RE2 expression."""

    @field_validator("exec", mode="before")
    @classmethod
    def _text_is_for_a_shell(cls, value: Any) -> Any:
        return ("sh", "-c", value) if isinstance(value, str) and value else value

    @field_validator("http")
    @classmethod
    def _is_a_path(cls, value: str | None) -> str | None:
        if value is not None:
            found = _HTTP.fullmatch(value)
            if found is None or not 0 < int(found["port"] or 1) <= _LARGEST_PORT:
                raise ValueError("a path such as /health, with a port in front if it is not the first: 8080/health")
        return value

    @field_validator("log")
    @classmethod
    def _is_text(cls, value: str | None) -> str | None:
        return value if value is None else plain_text(value)

    @model_validator(mode="after")
    def _is_one(self) -> ReadySpec:
        if sum((bool(self.exec), self.tcp is not None, self.http is not None, self.log is not None)) != 1:
            raise ValueError("give one of exec, tcp, http and log")
        return self

    @property
    def http_place(self) -> tuple[int | None, str]:
        """The port, if one is named, and the path that `http` names."""
        port, slash, path = (self.http or "/").removeprefix(":").partition("/")
        return (int(port) if port else None), slash + path


class ServiceSpec(Frozen):
    """A container beside a job. A field left at None takes the engine's default when the job is admitted."""

    ENGINES_OWN: ClassVar[frozenset[str]] = frozenset({"late"})
    """Fields that no request has."""

    id: ServiceId
    """Its name, and its host name for the job."""
    image: ImageReference
    env: Annotated[dict[EnvName, Argument], Field(max_length=1000)] = Field(default_factory=dict[str, str])
    """Environment variables of the service."""
    secrets: Annotated[tuple[EnvName, ...], Field(max_length=100)] = ()
    """Names of secrets; each becomes a variable of the service, and is masked in all logs of the job."""
    command: _Command | None = None
    """Arguments in place of the image's own; a text is run by its shell."""
    entrypoint: Annotated[tuple[Argument, ...], Field(max_length=64)] | None = None
    """Replaces the image's entrypoint."""
    user: User | None = None
    """Who its process runs as; None keeps the image's user."""
    ports: Annotated[tuple[Port, ...], Field(max_length=64)] = ()
    """TCP ports it serves; the first is the one that the job is told of. None is published on the machine."""
    health_check: HealthCheckSpec | None = None
    """In place of the image's own health check."""
    ready: ReadySpec | None = None
    """When the job may start. Without it: a health check, else every port, else one second."""
    ready_timeout_s: Annotated[float, Field(gt=0, le=3600)] = 60
    """From its start until it must be ready."""
    depends_on: Annotated[tuple[ServiceId, ...], Field(max_length=32)] = ()
    """Services that must be ready before it starts."""
    aliases: Annotated[tuple[HostName, ...], Field(max_length=32)] = ()
    """Further host names."""
    memory_mb: Annotated[int, Field(ge=6, le=16_777_216)] | None = None
    """Memory limit in MiB, without swap."""
    cpus: Annotated[float, Field(ge=0.01, le=1024)] | None = None
    late: LateEnv | None = None
    """Further variables, made from secrets when the container is; set by the workflow engine only."""

    @field_validator("env", mode="before")
    @classmethod
    def _env_from_pairs(cls, value: Any) -> Any:
        return env_from_pairs(value)

    @field_validator("command", mode="before")
    @classmethod
    def _text_is_for_a_shell(cls, value: Any) -> Any:
        return ("sh", "-c", value) if isinstance(value, str) else value

    @field_validator("ports", "aliases", "depends_on", "secrets", mode="before")
    @classmethod
    def _one_is_a_list(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str | int) else value

    @model_validator(mode="after")
    def _makes_sense(self) -> ServiceSpec:
        if repeated := set(self.secrets) & set(self.env):
            raise ValueError(f"env and secrets both set {', '.join(sorted(repeated))}")
        for name, value in self.env.items():
            if len(name) + 1 + len(value.encode()) > MAX_ARGUMENT_BYTES:
                raise ValueError(f"env.{name[:64]} is longer than 128 KiB, the most that Linux takes")
        return self

    @property
    def variable(self) -> str:
        """The id as the beginning of a variable's name: in upper case, with ``_`` for ``-`` and ``.``."""
        return self.id.upper().replace("-", "_").replace(".", "_")


def service_id_of(image: str) -> str:
    """What a service is called that has only an image: the last part of its name, without tag and digest."""
    return image.partition("@")[0].rpartition("/")[2].partition(":")[0]


def services_from(value: Any) -> Any:
    """Services as somebody wrote them, as a list of fields: images, or ids with an image or with fields.

    What is not written like services is passed on as it is, for the model to refuse.
    """
    if isinstance(value, dict):
        return tuple(_entry(item, id_) for id_, item in cast("Mapping[object, object]", value).items())
    if isinstance(value, (list, tuple)):
        return tuple(_entry(item, None) for item in cast("Sequence[object]", value))
    return value


def _entry(item: object, id_: object) -> object:
    fields: dict[object, object]
    if isinstance(item, str):
        fields = {"image": item}
    elif isinstance(item, dict):
        fields = dict(cast("Mapping[object, object]", item))
    else:
        return item
    if id_ is not None:
        return {"id": id_, **fields}
    image = fields.get("image")
    if "id" not in fields and isinstance(image, str):
        fields = {"id": service_id_of(image), **fields}
    return fields


def check_services(services: Sequence[ServiceSpec]) -> None:
    """Refuse services that cannot live side by side.

    Raises:
        ValueError: Two have one name, one depends on what is not there, or they wait for each other in a circle.
    """
    known = {service.id for service in services}
    variables: set[str] = set()
    names: set[str] = set()
    for service in services:
        if service.variable in variables:
            raise ValueError("services: two have the same id, or ids that make the same variables; name them apart")
        variables.add(service.variable)
    for service in services:
        for name in {service.id.lower(), *(alias.lower() for alias in service.aliases)}:
            if name in names:
                raise ValueError(f"services: two answer to the name {name}")
            names.add(name)
        if missing := [other for other in service.depends_on if other not in known]:
            raise ValueError(f"services: {service.id} depends on {missing[0]}, which is not among them")
    if circle := _circle({service.id: service.depends_on for service in services}):
        raise ValueError(f"services: {' → '.join(circle)} wait for each other in a circle")


def _circle(depends_on: Mapping[str, Iterable[str]]) -> list[str]:
    """The ids of a circle, beginning and ending with the same one; empty if there is none."""
    done: set[str] = set()

    def walk(at: str, path: list[str]) -> list[str]:
        if at in path:
            return [*path[path.index(at) :], at]
        if at in done:
            return []
        found = next((circle for other in depends_on[at] if (circle := walk(other, [*path, at]))), list[str]())
        done.add(at)
        return found

    return next((circle for id_ in depends_on if (circle := walk(id_, []))), list[str]())
