"""How tightly a job is held, by its profile and by what the operator lets it loosen."""

from __future__ import annotations

from typing import Any

import pytest

from core.policy.holding import NOBODY, hold, hold_again, run_network
from core.policy.policy import BUILT_IN
from core.policy.reading import read_policy
from core.spec.sandbox import TmpfsSpec
from core.testing.factories import a_job_spec

STANDARD = ("network", "root", "writable_root")


def told(text: str, by: str = "agent", **fields: Any) -> list[str]:
    return [str(finding) for finding in hold(read_policy(text), a_job_spec(**fields), by).findings]


def test_a_job_that_says_nothing_is_held_by_the_standard_profile() -> None:
    held = hold(BUILT_IN, a_job_spec(), "agent")
    assert held.findings == ()
    spec = held.spec
    assert (spec.network, spec.user, spec.read_only, spec.tmpfs) == ("bridge", None, False, ())
    assert spec.sandbox is not None
    assert (spec.sandbox.profile, spec.sandbox.loosened) == ("standard", STANDARD)
    assert spec.sandbox.filled == ("network", "profile", "read_only")


def test_a_strict_job_has_no_network_nobody_as_its_user_and_a_root_that_cannot_be_written() -> None:
    spec = hold(BUILT_IN, a_job_spec(profile="strict"), "agent").spec
    assert (spec.network, spec.user, spec.read_only) == ("none", NOBODY, True)
    assert spec.tmpfs == (TmpfsSpec(target="/tmp", size_mb=64),)
    assert spec.sandbox is not None
    assert spec.sandbox.loosened == ()


def test_a_strict_job_reaches_its_services_and_nothing_else() -> None:
    for fields in ({}, {"network": "none"}, {"network": "services"}):
        spec = hold(BUILT_IN, a_job_spec(profile="strict", services=["redis"], **fields), "agent").spec
        assert spec.network == "services"


@pytest.mark.parametrize(
    ("fields", "finding"),
    [
        ({"network": "bridge"}, "network: bridge reaches out; the profile strict does not allow it"),
        ({"user": "root"}, "user: may be root, which only a number other than 0 rules out; the profile strict"),
        ({"user": "00"}, "user: may be root"),
        ({"user": "app"}, "user: may be root"),
        ({"read_only": False}, "read_only: without it the whole container can be written"),
        ({"mounts": ["/srv:/srv"]}, "mounts: shows the job folders of the machine"),
        ({"gpus": 1}, "gpus: gives the job devices"),
        ({"tmpfs": ["/x:1m:exec"]}, "tmpfs: lets programs run from memory"),
        ({"capabilities": ["NET_RAW"]}, "capabilities: more than the standard ones"),
        ({"may_gain_privileges": True}, "may_gain_privileges: lets programs become another user"),
    ],
)
def test_a_strict_job_may_loosen_nothing(fields: dict[str, Any], finding: str) -> None:
    found = hold(BUILT_IN, a_job_spec(profile="strict", **fields), "cli").findings
    assert any(str(each).startswith(finding) for each in found)
    assert found[0].hint.startswith("Leave it out, or ask for profile: ")


def test_a_strict_job_may_be_a_user_of_its_own_choice_but_root() -> None:
    held = hold(BUILT_IN, a_job_spec(profile="strict", user="1000:0"), "agent")
    assert (held.findings, held.spec.user) == ((), "1000:0")


def test_a_standard_job_may_be_held_more_tightly_point_by_point() -> None:
    held = hold(BUILT_IN, a_job_spec(network="none", user="1000", read_only=True, tmpfs=["/cache:1g"]), "agent")
    assert held.findings == ()
    assert held.spec.sandbox is not None
    assert held.spec.sandbox.loosened == ()
    assert [each.target for each in held.spec.tmpfs] == ["/cache", "/tmp"]


@pytest.mark.parametrize("fields", [{"capabilities": ["SYS_PTRACE"]}, {"may_gain_privileges": True}])
def test_what_only_a_trusted_job_may_have_needs_that_profile(fields: dict[str, Any]) -> None:
    assert hold(BUILT_IN, a_job_spec(**fields), "cli").findings[0].hint.endswith("ask for profile: trusted.")
    trusted = hold(BUILT_IN, a_job_spec(profile="trusted", **fields), "cli")
    assert trusted.findings == ()
    assert trusted.spec.sandbox is not None
    assert len(trusted.spec.sandbox.loosened) == len(STANDARD) + 1


@pytest.mark.parametrize("by", ["agent", "rest", "token ci", "visitor"])
def test_only_whoever_runs_the_engine_is_trusted_unless_the_policy_says_otherwise(by: str) -> None:
    (finding,) = hold(BUILT_IN, a_job_spec(profile="trusted"), by).findings
    assert finding.message.startswith("trusted is looser than jobs of ")
    assert not told(f"callers: [{{who: '{'mcp' if by == 'agent' else '*'}', floor: trusted}}]", by, profile="trusted")


def test_a_profile_below_the_floor_is_refused_with_the_rule() -> None:
    (finding,) = told("floor: strict", profile="standard")
    assert finding == "profile: standard is looser than jobs of mcp may be; their floor is strict, says policy.yaml:1"


def test_the_default_of_the_policy_is_what_a_job_gets_that_names_none() -> None:
    spec = hold(read_policy("default: strict"), a_job_spec(), "agent").spec
    assert spec.sandbox is not None
    assert (spec.profile, spec.sandbox.rules) == ("strict", ("policy.yaml:1: strict",))


def test_what_is_forbidden_is_refused_by_name_and_left_out_where_it_was_not_asked_for() -> None:
    policy = "forbid: [root, writable_root, writable_mounts]"
    spec = hold(read_policy(policy), a_job_spec(), "agent").spec
    assert (spec.user, spec.read_only) == (NOBODY, True)
    assert told(policy, user="0") == [
        "user: may be root, which only a number other than 0 rules out; policy.yaml:1 forbids it"
    ]
    assert told(policy, mounts=["/srv:/srv"], user="1", read_only=True) == []
    assert told(policy, mounts=["/srv:/srv:rw"], user="1", read_only=True) == [
        "mounts: lets the job write to folders of the machine; policy.yaml:1 forbids it"
    ]


def test_networks_that_are_not_allowed_are_refused_by_name_and_replaced_where_none_was_named() -> None:
    policy = read_policy("networks: [none, services]")
    assert hold(policy, a_job_spec(), "agent").spec.network == "none"
    assert hold(policy, a_job_spec(services=["redis"]), "agent").spec.network == "services"
    (finding,) = hold(policy, a_job_spec(network="bridge"), "agent").findings
    assert finding.message == "bridge reaches out; policy.yaml:1 allows none, services"
    assert told("networks: none", services=["redis"]) == ["services: policy.yaml:1 allows no network of services"]
    assert told("networks: none", network="services") == ["network: policy.yaml:1 allows no network of services"]


def test_the_jobs_of_a_workflow_share_an_internal_network_where_they_may_not_reach_out() -> None:
    assert run_network(BUILT_IN, "agent") == "bridge"
    assert run_network(read_policy("networks: [services]"), "agent") == "services"
    assert run_network(read_policy("default: strict"), "agent") == "services"


def test_a_policy_that_became_tighter_is_noticed_before_a_waiting_job_starts() -> None:
    spec = hold(BUILT_IN, a_job_spec(), "agent").spec
    assert hold_again(BUILT_IN, spec, "agent") == ()
    assert [finding.path for finding in hold_again(read_policy("networks: none"), spec, "agent")] == ["network"]
    assert [finding.path for finding in hold_again(read_policy("floor: strict"), spec, "agent")] == ["profile"]


@pytest.mark.parametrize("fields", [{"tmpfs": ["/tmp:8m"]}, {"tmpfs": ["/tmp/x:8m"]}, {"mounts": ["/srv:/tmp"]}])
def test_a_tmp_of_the_jobs_own_is_left_alone(fields: dict[str, Any]) -> None:
    spec = hold(BUILT_IN, a_job_spec(read_only=True, **fields), "cli").spec
    assert len(spec.tmpfs) == len(fields.get("tmpfs", ()))


def test_tmp_takes_no_more_than_half_of_the_memory() -> None:
    (tmp,) = hold(BUILT_IN, a_job_spec(read_only=True, memory_mb=20), "cli").spec.tmpfs
    assert tmp.size_mb == 10
