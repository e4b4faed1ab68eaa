"""Variables that read secrets or services: kept as texts, with what else they read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from core.engine.workflow.named import named_by, secrets_named, values_of
from core.spec.node import LateEnv, LateVariable, LoginTexts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from core.engine.workflow.node_setting import NodeSetting
    from core.plan.compile import EnvContext, Templates
    from core.plan.expressions.surroundings import Surroundings
    from core.spec.workflow import CredentialsSpec

Layers = tuple[tuple[str, str], ...]
"""Variables as they were written, those of the lowest layer first."""

NOTHING_LATE: Final = LateEnv()
"""What a job is told beside its container that reads neither secrets nor services."""


def has_late(setting: NodeSetting, env: EnvContext) -> bool:
    """Whether a node's variables, secrets or login say anything that is filled in when its container is made."""
    job = setting.job
    return bool(env.waiting or job.secrets or (job.image is not None and job.image.credentials is not None))


def layers_of(setting: NodeSetting) -> Layers:
    """All variables that a node's job has from its file."""
    workflow = setting.workflow
    return (*workflow.defaults.env.items(), *workflow.env.items(), *setting.job.env.items())


def late_env(
    setting: NodeSetting, env: EnvContext, surroundings: Surroundings, texts: Iterable[str], conditions: Iterable[str]
) -> LateEnv:
    """What a job is told when its container is made.

    Args:
        setting: The node.
        env: Its variables, as far as they are known.
        surroundings: Of its texts.
        texts: What its steps and the like say; secrets that they name are theirs too.
        conditions: The same of conditions.
    """
    templates = setting.scene.templates
    variables = layers_of(setting) if env.waiting else ()
    granted = _granted(setting, env)
    layered = [text for _, text in variables]
    whole = named_by(templates, (*layered, *texts), conditions)
    secrets = secrets_named(whole, setting.secrets) | {name: setting.secrets[name] for name, _ in granted}
    login = login_of(setting.job.image.credentials) if setting.job.image is not None else None
    if login is not None:
        layered += [login.username, login.password]
        secrets |= secrets_named(named_by(templates, layered[-2:]), setting.secrets)
    return LateEnv(
        variables=tuple(LateVariable(name=name, text=text) for name, text in (*granted, *variables)),
        context=values_of(named_by(templates, layered), surroundings),
        secrets=secrets,
        login=login,
    )


def login_of(credentials: CredentialsSpec | None) -> LoginTexts | None:
    """How to log in to an image's registry, as it was written."""
    if credentials is None:
        return None
    return LoginTexts(username=credentials.username, password=credentials.password)


def late_of_service(
    templates: Templates,
    variables: Mapping[str, str],
    below: Layers,
    secrets: Mapping[str, str],
    surroundings: Surroundings,
    login: LoginTexts | None = None,
) -> LateEnv:
    """Those variables of a service that read secrets, and how to log in for its image.

    Args:
        templates: Read the texts.
        variables: The texts.
        below: Variables that they may read as ``env``.
        secrets: What expressions call a secret, and which that is.
        surroundings: Of the texts.
        login: Its texts, too, if it has any.
    """
    own = (*variables.values(), *((login.username, login.password) if login is not None else ()))
    named = named_by(templates, own)
    read = [pair for pair in below if "services" not in named_by(templates, [pair[1]])] if "env" in named else []
    named = named_by(templates, (*own, *(text for _, text in read)))
    return LateEnv(
        variables=tuple(LateVariable(name=name, text=text) for name, text in variables.items()),
        below=tuple(LateVariable(name=name, text=text) for name, text in read),
        context=values_of(named, surroundings),
        secrets=secrets_named(named, secrets),
        login=login,
    )


def plain_secrets(setting: NodeSetting, env: EnvContext) -> tuple[str, ...]:
    """The secrets that become variables of their own names, and that no variable of the file overrides."""
    taken = {name for name, _ in layers_of(setting)} | set(env.entries)
    return tuple(name for name in setting.job.secrets if name not in taken and setting.secrets.get(name) == name)


def _granted(setting: NodeSetting, env: EnvContext) -> Layers:
    """The secrets that become variables, where the file calls them otherwise than the engine."""
    taken = {name for name, _ in layers_of(setting)} | set(env.entries)
    names = [name for name in setting.job.secrets if name not in taken and setting.secrets.get(name, name) != name]
    return tuple((name, f"${{{{ secrets.{name} }}}}") for name in names)
