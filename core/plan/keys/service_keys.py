"""The keys of services."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from core.plan.keys.container_keys import credentials
from core.plan.keys.control_keys import env, resources
from core.plan.keys.measures import duration
from core.plan.keys.records import Key, Record, Rules
from core.plan.keys.report import has_expression, label, listed, made_text
from core.plan.keys.scalars import Flag, Number, Text
from core.plan.keys.structures import Many
from core.plan.keys.texts import image, port, regex
from core.plan.source import ListNode, MappingNode, Scalar
from core.spec.workflow import WorkflowHealthCheckSpec, WorkflowReadySpec, WorkflowServiceSpec

if TYPE_CHECKING:
    from core.plan.context import Place as Where
    from core.plan.keys.report import Report
    from core.plan.source import Node

_TESTS: Final = ("CMD", "CMD-SHELL", "NONE")


class _HealthTest(Many):
    """``[CMD, …]``, ``[CMD-SHELL, "…"]``, or a text for a shell."""

    def check(self, node: Node, to: Report) -> Node | None:
        """The same, if it begins with a word that Docker knows."""
        checked = super().check(node, to)
        first = checked.items[0] if isinstance(checked, ListNode) and checked.items else None
        if isinstance(first, Scalar) and first.text not in _TESTS and not has_expression(first):
            to.say("E004", f"'{label(node)}' must begin with one of {listed(_TESTS)}.", first, "write [CMD, …]")
            return None
        return checked

    def lift(self, node: Node) -> Node:
        """A list that says what kind of test it is."""
        if isinstance(node, Scalar):
            return ListNode((made_text("CMD-SHELL", node), node), node.place, node.path, node.alias)
        return super().lift(node)


def _health_check(name: str, where: Where) -> Record:
    test = _HealthTest(Text(where, blank=False), "a command as a text, or [CMD, …]", least=1)
    return Record(
        f"{name}HealthCheck",
        "a health check",
        (
            Key(
                name="test",
                form=test,
                description="What is run in the container: a text for its shell, or [CMD, program, argument].",
                required=True,
                blank=(),
            ),
            Key(
                name="interval",
                field="interval_s",
                form=duration(where),
                description="The time from one check to the next.",
            ),
            Key(name="timeout", field="timeout_s", form=duration(where), description="How long one check may take."),
            Key(
                name="retries",
                form=Number(1, 1000),
                description="How many checks have to fail one after another.",
            ),
            Key(
                name="start_period",
                field="start_period_s",
                form=duration(where, least=0),
                description="How long failed checks do not count.",
            ),
        ),
        WorkflowHealthCheckSpec,
    )


def _inspect_ready(node: MappingNode, to: Report) -> None:
    ways = ("exec", "tcp", "http", "log")
    if not any(name in node.entries for name in ways):
        to.say("E003", f"'{label(node)}' says nothing to wait for.", node, f"write one of {listed(ways)}")


def _ready(name: str, where: Where) -> Record:
    return Record(
        f"{name}Readiness",
        "a readiness",
        (
            Key(
                name="exec",
                form=Many(Text(where), "a command as a list", least=1),
                description="Ready when the command succeeds in its container.",
            ),
            Key(name="tcp", form=Number(1, 65_535), description="Ready when the port takes connections."),
            Key(
                name="http",
                form=Text(where, blank=False),
                description="Ready when the path, such as /health or 8080/health, answers with 200 to 399.",
            ),
            Key(
                name="log",
                form=regex(),
                description="Ready when a line of its log matches this regular expression (RE2).",
            ),
        ),
        WorkflowReadySpec,
        Rules(conflicts=(("exec", "tcp", "http", "log"),), inspect=_inspect_ready),
    )


def _make(**fields: Any) -> WorkflowServiceSpec:
    return WorkflowServiceSpec(id="", **fields)


def _shared_keys(where: Where, env_where: Where) -> tuple[Key, ...]:
    return (*_who_keys(where, env_where), *_what_keys(where))


def _who_keys(where: Where, env_where: Where) -> tuple[Key, ...]:
    return (
        Key(
            name="image",
            form=image(where),
            description="The image. A text that comes out empty leaves the service out.",
            required=True,
            missing="add image: postgres:16",
        ),
        Key(
            name="alias",
            form=Many(Text(blank=False), "a name, or a list of names"),
            aliases=("aliases",),
            description="Further names in the job's network.",
        ),
        Key(
            name="env",
            form=env(env_where),
            foreign=("variables", "environment"),
            description="Its environment variables.",
        ),
    )


def _what_keys(where: Where) -> tuple[Key, ...]:
    text = Text(where)
    return (
        Key(name="command", form=Many(text, "a text, or a list of texts"), description="Replaces the image's command."),
        Key(
            name="entrypoint",
            form=Many(text, "a text, or a list of texts"),
            description="Replaces the image's entrypoint.",
        ),
        Key(
            name="ports",
            form=Many(port(where), "a list of ports"),
            description="Its ports. They are reached by its name; nothing is published without 'publish'.",
        ),
        Key(
            name="volumes",
            form=Many(text, "a list of volumes"),
            description="Folders of the engine's machine, as far as they are allowed.",
        ),
        Key(
            name="depends_on",
            form=Many(Text(blank=False), "the id of a service, or a list of them"),
            description="Services of the same job that have to be ready before it starts.",
        ),
    )


def service_record(name: str, where: Where, env_where: Where) -> Record:
    """A service under its id.

    Args:
        name: What the definition is called in the schema.
        where: What expressions may name.
        env_where: What those of its variables and credentials may name.
    """
    return Record(name, "a service", _keys(name, where, env_where), _make, _RULES)


def service_item(name: str, where: Where, env_where: Where) -> Record:
    """A service in a list, where ``name`` is its id, or, in GitLab's spelling, its image."""
    keys = (
        *_keys(name, where, env_where),
        Key(
            name="name",
            form=Text(where, blank=False),
            description="Its id; without 'image', the name of its image.",
        ),
    )
    return Record(f"{name}Item", "a service", keys, _make, replace(_RULES, partial=True))


_RULES: Final = Rules(conflicts=(("health_check", "options"),))


def _keys(name: str, where: Where, env_where: Where) -> tuple[Key, ...]:
    return (
        *_shared_keys(where, env_where),
        Key(
            name="health_check",
            form=_health_check(name, where),
            aliases=("healthcheck",),
            description="A check that the container engine carries out.",
        ),
        Key(
            name="ready",
            form=_ready(name, where),
            description="When it is ready: exec, tcp, http or log. Without it, its health check or its ports tell.",
        ),
        Key(
            name="ready_timeout",
            field="ready_timeout_s",
            form=duration(where),
            description="How long to wait until it is ready.",
            default=60,
        ),
        Key(
            name="credentials",
            form=credentials(f"{name}Credentials", env_where),
            description="How to log in to the image's registry.",
        ),
        Key(name="resources", form=resources(f"{name}Resources", where), description="What it may use."),
        Key(
            name="publish",
            form=Flag(),
            description="Whether its ports are published on the engine's machine.",
            default=False,
        ),
        Key(
            name="options",
            form=Text(most=2000),
            description="Docker's options --health-cmd, --health-interval, --health-timeout, --health-retries and "
            "--health-start-period, as GitHub has them.",
        ),
    )
