"""What whoever submits a job should know of it although it is accepted: secrets in the wrong place, or too short."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.engine.late import secret_names
from core.engine.secret_book import is_long_enough
from core.redaction import LEAST_BYTES
from core.spec.literal_secrets import find_token, looks_like_secret

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from core.settings import EngineSettings
    from core.spec.job import JobSpec


def remarks_on(spec: JobSpec, settings: EngineSettings) -> tuple[str, ...]:
    """What is to be told of a job that is accepted; values are never repeated.

    Args:
        spec: The job.
        settings: Hold the secrets.
    """
    return (*_literal(spec), *short_secrets(secret_names(spec), settings))


def short_secrets(names: Iterable[str], settings: EngineSettings) -> Iterator[str]:
    """The secrets that no log masks."""
    for name in dict.fromkeys(names):
        value = settings.secrets.get(name)
        if value is not None and not is_long_enough(value.get_secret_value()):
            yield f"The secret {name} has less than {LEAST_BYTES} bytes: it is not masked in logs and answers."


def _literal(spec: JobSpec) -> Iterator[str]:
    """Values that look like secrets and stand in the record. Those of services are often made up for the moment."""
    yield from _of_variables("env", spec.env, by_name=True)
    for index, step in enumerate(spec.commands):
        yield from _of_variables(f"commands.{index}.env", step.env, by_name=True)
    for service in spec.services:
        yield from _of_variables(f"services.{service.id}.env", service.env, by_name=False)


def _of_variables(place: str, variables: Mapping[str, str], *, by_name: bool) -> Iterator[str]:
    for name, value in variables.items():
        token = find_token(value)
        if token is None and not (by_name and looks_like_secret(name, value)):
            continue
        said = f"holds {token.kind}" if token is not None else "looks like a secret"
        yield (
            f"{place}.{name} {said}, and its value stands in the job's record, not masked: keep it with "
            f"`orcaops secrets set {name}`, and ask for it with secrets: [{name}]."
        )
