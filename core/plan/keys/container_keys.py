"""The keys of images, artifacts and outputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from core.plan.context import Place as Where
from core.plan.keys.measures import duration
from core.plan.keys.records import Key, Record, Rules
from core.plan.keys.report import has_expression, label
from core.plan.keys.scalars import Choice, Flag, Text
from core.plan.keys.structures import Many, Named, Short
from core.plan.keys.texts import ID, artifact_path, id_name, image, user
from core.plan.source import MappingNode, Scalar
from core.spec.workflow import ArtifactSpec, CredentialsSpec, ImageSpec, OutputSpec

if TYPE_CHECKING:
    from core.plan.keys.report import Report

_YEARS: Final = 10 * 365 * 86_400


def _inspect_credentials(node: MappingNode, to: Report) -> None:
    password = node.get("password")
    if isinstance(password, Scalar) and password.text and not has_expression(password):
        message = f"'{label(password)}' stands in the file; whoever reads the file has it."
        to.say("E133", message, password, "name a secret: ${{ secrets.REGISTRY_PASSWORD }}")


def credentials(name: str, where: Where) -> Record:
    """How to log in to a registry.

    Args:
        name: What the definition is called in the schema.
        where: What expressions may name.
    """
    return Record(
        name,
        "credentials",
        (
            Key(name="username", form=Text(where, blank=False), description="The user's name.", required=True),
            Key(
                name="password",
                form=Text(where, blank=False),
                description="The password; always a secret, such as ${{ secrets.REGISTRY_PASSWORD }}.",
                required=True,
            ),
        ),
        CredentialsSpec,
        Rules(inspect=_inspect_credentials),
    )


CREDENTIALS: Final = credentials("credentials", Where.CREDENTIALS)

ARGUMENTS: Final = Many(Text(Where.JOB), "a text, or a list of texts")

IMAGE: Final = Short(
    Record(
        "image",
        "an image",
        (
            Key(
                name="name",
                form=image(Where.JOB),
                aliases=("image",),
                description="The image, such as python:3.12-slim.",
                required=True,
            ),
            Key(
                name="pull",
                form=Choice(
                    ("missing", "always", "never"), read_as={"if-not-present": "missing", "IfNotPresent": "missing"}
                ),
                foreign=("pull_policy",),
                description="When it is pulled.",
                default="missing",
            ),
            Key(
                name="entrypoint",
                form=ARGUMENTS,
                description="Replaces the image's entrypoint where the image's own command runs.",
            ),
            Key(
                name="user",
                form=user(Where.JOB),
                description="Who the process runs as, such as 1000:1000.",
            ),
            Key(
                name="platform",
                form=Text(Where.JOB),
                description="The platform to pull, such as linux/amd64.",
            ),
            Key(
                name="credentials",
                form=CREDENTIALS,
                description="How to log in to the image's registry.",
            ),
        ),
        ImageSpec,
    ),
    "name",
    image(Where.JOB, blank=False),
    "an image, such as alpine:3.20, or a mapping with name",
)

_ARTIFACT: Final = Record(
    "artifact",
    "an artifact",
    (
        Key(
            name="paths",
            form=Many(artifact_path(Where.STEP), "a path, or a list of paths", least=1),
            aliases=("path",),
            description="Paths or patterns in the container, relative to the working directory or absolute.",
            required=True,
            blank=(),
        ),
        Key(name="name", form=Text(Where.STEP), description="What to call them."),
        Key(
            name="exclude",
            form=Many(artifact_path(Where.STEP), "a pattern, or a list of patterns"),
            description="Patterns of what is left out.",
        ),
        Key(
            name="when",
            form=Choice(("always", "success", "failure"), read_as={"on_success": "success", "on_failure": "failure"}),
            description="After which ends of the job they are kept.",
            default="always",
        ),
        Key(
            name="if_missing",
            form=Choice(("warn", "error", "ignore")),
            foreign=("if_no_files_found",),
            description="What is done if nothing matches.",
            default="warn",
        ),
        Key(
            name="expires",
            field="expires_s",
            form=duration(most=_YEARS),
            foreign=("expire_in", "retention"),
            description="After which time they may be removed, such as 7d.",
        ),
        Key(
            name="reports",
            form=Text(),
            ignored="reports are artifacts like others; name their files under paths",
            description="GitLab's reports; ignored.",
        ),
    ),
    ArtifactSpec,
)

ARTIFACTS: Final = Many(
    Short(
        _ARTIFACT,
        "paths",
        artifact_path(Where.STEP),
        "a path, or a mapping with paths",
    ),
    "a path, a list of paths, or a mapping with paths",
)


def _output(**fields: Any) -> OutputSpec:
    return OutputSpec(**fields)


OUTPUTS: Final = Named(
    Short(
        Record(
            "output",
            "an output",
            (
                Key(
                    name="value",
                    form=Text(Where.JOB_OUTPUTS, takes_null=True),
                    description="The value, such as ${{ steps.build.outputs.wheel }}; "
                    "without it, what the job wrote under this name.",
                ),
                Key(
                    name="required",
                    form=Flag(),
                    description="Whether a success without it is a failure.",
                    default=False,
                ),
                Key(name="description", form=Text(), description="What it is for."),
            ),
            _output,
        ),
        "value",
        Text(Where.JOB_OUTPUTS),
        "a text, or a mapping with value, required, description",
        takes_null=True,
    ),
    "the outputs by their names",
    naming=id_name,
    pattern=ID,
    folds=True,
)
