"""What a job is told that no record holds: variables that read secrets, and where its services are."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from core.backends.base import RegistryLogin
from core.engine.known_servers import known_server
from core.errors import InvalidExpressionError
from core.plan.compile import EVERYTHING, EnvContext
from core.plan.expressions.surroundings import Surroundings
from core.plan.interpolate import OPENING, interpolate_text, parse_template
from core.spec.service import service_id_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from core.settings import EngineSettings
    from core.spec.job import JobSpec
    from core.spec.node import LateEnv, LateVariable
    from core.spec.service import ServiceSpec

_NOTHING: Mapping[str, object] = {}


def late_secrets(late: LateEnv, settings: EngineSettings) -> dict[str, str]:
    """The context ``secrets`` of some texts; one that this engine no longer has is left out, and so is empty."""
    return {
        name: settings.secrets[secret].get_secret_value()
        for name, secret in late.secrets.items()
        if secret in settings.secrets
    }


def late_variables(
    late: LateEnv,
    settings: EngineSettings,
    *,
    env: Mapping[str, str] | None = None,
    services: Mapping[str, object] = _NOTHING,
) -> dict[str, str]:
    """The variables with their texts filled in.

    Args:
        late: Their texts and what those read.
        settings: Hold the secrets.
        env: Variables that are known; the texts may read them.
        services: The context ``services``.

    Raises:
        InvalidExpressionError: A text cannot be evaluated; the message names the variable.
    """
    return _fill(late, settings, env or {}, services)[0]


def late_login(
    late: LateEnv | None, settings: EngineSettings, env: Mapping[str, str] | None = None
) -> RegistryLogin | None:
    """How to log in to the image's registry; None to do it as the container engine's machine does.

    Args:
        late: The texts and what they read; None for none.
        settings: Hold the secrets.
        env: Variables that are known; the texts may read them.

    Raises:
        InvalidExpressionError: A text cannot be evaluated.
    """
    if late is None or late.login is None:
        return None
    _, around = _fill(late, settings, env or {}, _NOTHING)
    try:
        return RegistryLogin(_text(late.login.username, around), _text(late.login.password, around))
    except InvalidExpressionError as error:
        raise InvalidExpressionError(
            f"Error when evaluating 'credentials': {error.message}", hint=error.hint, rule=error.rule
        ) from None


def _fill(
    late: LateEnv, settings: EngineSettings, env: Mapping[str, str], services: Mapping[str, object]
) -> tuple[dict[str, str], Surroundings]:
    """The variables with their texts filled in, and what those read, themselves included."""
    known = EnvContext()
    for name, value in env.items():
        known.put(name, value)
    contexts = {**late.context, "env": known, "secrets": late_secrets(late, settings), "services": services}
    around = Surroundings(contexts)
    _put(late.below, known, around)
    return _put(late.variables, known, around), around


def _put(variables: Iterable[LateVariable], known: EnvContext, around: Surroundings) -> dict[str, str]:
    made: dict[str, str] = {}
    for variable in variables:
        try:
            text = _text(variable.text, around)
        except InvalidExpressionError as error:
            raise InvalidExpressionError(
                f"Error when evaluating 'env.{variable.name}': {error.message}", hint=error.hint, rule=error.rule
            ) from None
        made[variable.name] = text
        known.put(variable.name, text)
    return made


def _text(text: str, around: Surroundings) -> str:
    filled = interpolate_text(parse_template(text, EVERYTHING), around) if OPENING in text else text
    if "\0" in filled:
        raise InvalidExpressionError("a NUL character cannot be passed to a process")
    return filled


def job_variables(spec: JobSpec, settings: EngineSettings) -> dict[str, str]:
    """All variables that a job sets itself, secrets that its texts read included.

    Raises:
        InvalidExpressionError: One of them cannot be evaluated.
    """
    if spec.node is None or not spec.node.late.variables:
        return dict(spec.env)
    made = late_variables(spec.node.late, settings, env=spec.env, services=service_facts(spec, settings))
    return {**spec.env, **made}


def service_facts(spec: JobSpec, settings: EngineSettings) -> dict[str, object]:
    """The context ``services``: those of the run, and over them the job's own as far as the spec tells of them.

    A port is the first of ``ports``, else a well-known one; one that only the image knows is not told.
    """
    late = spec.node.late.context if spec.node is not None else _NOTHING
    shared = (spec.context or {}).get("services") or late.get("services") or {}
    facts: dict[str, object] = dict(cast("Mapping[str, object]", shared))
    for service in spec.services:
        known = known_server(service_id_of(service.image))
        ports = service.ports or ((known.port,) if known is not None else ())
        port = ports[0] if ports else None
        url = known.url(service.id, port, service_variables_of(service, settings)) if known and port else ""
        facts[service.id] = {
            "id": service.id,
            "host": service.id,
            "port": port,
            "ports": {str(each): each for each in ports},
            "url": url,
        }
    return facts


def service_variables_of(service: ServiceSpec, settings: EngineSettings) -> dict[str, str]:
    """All variables of a service's container, with the secrets it names and those that its texts read.

    Raises:
        InvalidExpressionError: One of them cannot be evaluated.
    """
    named = {name: settings.secrets[name].get_secret_value() for name in service.secrets if name in settings.secrets}
    late = late_variables(service.late, settings, env=service.env) if service.late is not None else {}
    return {**named, **service.env, **late}


def secret_names(spec: JobSpec) -> tuple[str, ...]:
    """The secrets that a job is given or that its texts read, those of its services included, each once."""
    names = [*spec.secrets, *(spec.node.late.secrets.values() if spec.node is not None else ())]
    for service in spec.services:
        names += (*service.secrets, *(service.late.secrets.values() if service.late is not None else ()))
    return tuple(dict.fromkeys(names))
