"""The keys that say how tightly a job is held; the operator's policy has the last word."""

from __future__ import annotations

from typing import Final

from core.plan.keys.records import Key
from core.plan.keys.scalars import Choice
from core.spec.sandbox import PROFILES

_NO_HOST: Final = "no job stands in the network of its machine; a job's services are reached by their names"

NETWORK: Final = Key(
    name="network",
    form=Choice(
        ("none", "services", "bridge"),
        refused={"host": _NO_HOST, "container": _NO_HOST},
        synonyms={"internal": "services", "default": "bridge", "off": "none", "isolated": "none"},
    ),
    description="What the job reaches: nothing, its services, or all that Docker's bridge reaches.",
)

PROFILE: Final = Key(
    name="profile",
    form=Choice(PROFILES),
    description="How tightly the job is held: strict, standard or trusted.",
)
