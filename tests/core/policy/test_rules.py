"""What a policy says of images, secrets, mounts and resources."""

from __future__ import annotations

import pytest

from core.policy.policy import BUILT_IN
from core.policy.reading import read_policy
from core.policy.rules import (
    ask_for_image,
    at_most,
    image_findings,
    mount_findings,
    resource_findings,
    secret_findings,
)
from core.spec.mounts import MountSpec
from core.testing.factories import a_job_spec

IMAGES = """\
images:
  - allow: ['node:*', 'ghcr.io/acme/**@*']
  - allow: alpine
    who: cli
  - deny: '**'
    why: Ask the platform team.
"""
SUM = f"sha256:{'0' * 64}"


@pytest.mark.parametrize(
    ("image", "by", "is_allowed", "why"),
    [
        ("node:22", "agent", True, "policy.yaml:2: images: allow node:*"),
        (f"ghcr.io/acme/x@{SUM}", "agent", True, "policy.yaml:2: images: allow ghcr.io/acme/**@*"),
        ("alpine", "cli", True, "policy.yaml:3: images: allow alpine"),
        ("alpine", "agent", False, "policy.yaml:5: images: deny **"),
    ],
)
def test_the_first_rule_that_fits_image_and_caller_decides(image: str, by: str, is_allowed: bool, why: str) -> None:
    answer = ask_for_image(read_policy(IMAGES), image, by)
    assert (answer.is_allowed, answer.why) == (is_allowed, why)


def test_a_refused_image_is_told_with_the_rule_and_the_operators_word() -> None:
    (finding,) = image_findings(read_policy(IMAGES), "alpine", "agent")
    assert str(finding) == "image: the policy does not allow this image: policy.yaml:5: images: deny **"
    assert finding.hint == "Ask the platform team."


def test_an_image_that_only_lacks_its_digest_is_told_so() -> None:
    (finding,) = image_findings(read_policy("images: [{allow: 'ghcr.io/**@*'}]"), "ghcr.io/x/y:1", "agent")
    assert finding.message.endswith("no rule for images fits it")
    assert finding.hint == "Name it by its digest: name@sha256:…"


def test_without_rules_every_image_is_allowed() -> None:
    answer = ask_for_image(BUILT_IN, "anything/at:all", "agent")
    assert (answer.is_allowed, answer.why) == (True, "there are no rules for images")


def test_secrets_are_given_to_whom_a_rule_names() -> None:
    policy = read_policy("secrets:\n  - names: [NPM_*]\n    who: cli\n  - names: PUBLIC\n")
    assert not list(secret_findings(policy, ["NPM_TOKEN", "PUBLIC"], "cli"))
    assert [finding.message for finding in secret_findings(policy, ["NPM_TOKEN", "OTHER", "PUBLIC"], "agent")] == [
        "policy.yaml:2 does not give NPM_TOKEN to jobs of mcp",
        "the policy has no rule that gives OTHER to a job",
    ]
    assert not list(secret_findings(BUILT_IN, ["ANY"], "agent"))


def test_mounts_have_to_lie_below_a_folder_of_the_policy() -> None:
    policy = read_policy("mounts:\n  - folder: /srv/a\n  - {folder: /srv/b, write: true, who: cli}\n")

    def said(source: str, by: str = "cli", *, read_only: bool = True) -> list[str]:
        mount = MountSpec(source=source, target="/x", read_only=read_only)
        return [str(finding) for finding in mount_findings(policy, [mount], by)]

    assert said("/srv/a") == said("/srv/a/deep") == said("/srv/b", read_only=False) == []
    assert said("/srv/ab") == said("/srv") == ["mounts.0.source: not below a folder that the policy allows"]
    assert said("/srv/b", "agent") == ["mounts.0.source: not below a folder that the policy allows"]
    assert said("/srv/a", read_only=False) == ["mounts.0: policy.yaml:2 allows reading only"]


def test_what_a_job_asks_for_beyond_a_ceiling_is_refused_with_the_ceiling() -> None:
    policy = read_policy("resources: {cpus: 1, memory_mb: 100, services: 1, timeout_s: 60, gpus: 0}")
    spec = a_job_spec(
        cpus=1.5, memory_mb=101, timeout_s=61, gpus=1, services=[{"image": "redis", "memory_mb": 200}, "postgres"]
    )
    assert [str(finding) for finding in resource_findings(policy, spec)] == [
        "cpus: at most 1, says policy.yaml:1",
        "memory_mb: at most 100 MiB, says policy.yaml:1",
        "gpus: at most 0, says policy.yaml:1",
        "timeout_s: at most 60 seconds, says policy.yaml:1",
        "services: at most 1, says policy.yaml:1",
        "services.redis.memory_mb: at most 100 MiB, says policy.yaml:1",
    ]
    assert not list(resource_findings(policy, a_job_spec()))


def test_a_default_does_not_go_beyond_a_ceiling() -> None:
    policy = read_policy("resources: {cpus: 1}")
    assert (at_most(policy, "cpus", 2), at_most(policy, "cpus", 0.5), at_most(policy, "pids", 256)) == (1, 0.5, 256)
