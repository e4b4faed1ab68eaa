"""How a job says how tightly it is held."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from core.spec.job import JobSpec
from core.spec.sandbox import TmpfsSpec
from core.testing.factories import a_job_spec


def refusal(**fields: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        JobSpec.model_validate({"image": "busybox", **fields})
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "size_mb", "executable"),
    [
        ("/fast", 64, False),
        ("/fast:8", 8, False),
        ("/fast:8m", 8, False),
        ("/fast:2G", 2048, False),
        ("/fast:exec", 64, True),
        ("/fast:1g:exec", 1024, True),
    ],
)
def test_a_folder_in_memory_is_one_text(text: str, size_mb: int, executable: bool) -> None:
    spec = a_job_spec(tmpfs=[text])
    assert spec.tmpfs == (TmpfsSpec(target="/fast", size_mb=size_mb, executable=executable),)
    assert a_job_spec(tmpfs=[spec.tmpfs[0].model_dump()]) == spec


@pytest.mark.parametrize("text", ["/fast:much", "/fast:8k", "/fast:1m:2m", "/fast:8m:noexec"])
def test_a_folder_in_memory_that_is_written_otherwise_is_told_how(text: str) -> None:
    assert "a tmpfs is /PATH, /PATH:SIZE or /PATH:SIZE:exec, such as /tmp:128m" in refusal(tmpfs=[text])


@pytest.mark.parametrize("value", ["/fast", {"/fast": "8m"}, 7])
def test_folders_in_memory_are_a_list(value: object) -> None:
    assert "valid tuple" in refusal(tmpfs=value)


@pytest.mark.parametrize("targets", [["/fast", "/fast"], ["/fast", "/fast/in"], ["/fast/in", "/fast"]])
def test_no_folder_in_memory_lies_in_another(targets: list[str]) -> None:
    assert "two have the same target, or one's lies inside another's" in refusal(tmpfs=targets)
    assert len(a_job_spec(tmpfs=["/fast", "/faster", "/in"]).tmpfs) == 3


@pytest.mark.parametrize(("tmpfs", "mount"), [("/data", "/srv:/data/in"), ("/data/in", "/srv:/data")])
def test_no_folder_in_memory_hides_a_mount(tmpfs: str, mount: str) -> None:
    assert "the target of one and of a mount lie inside each other" in refusal(tmpfs=[tmpfs], mounts=[mount])
    assert a_job_spec(tmpfs=["/data"], mounts=["/srv:/database"]).mounts


@pytest.mark.parametrize("pattern", ["/data/*.txt", "/data//in/x"])
def test_nothing_is_kept_of_a_folder_in_memory(pattern: str) -> None:
    told = refusal(tmpfs=["/data"], artifacts=["/other/*", pattern])
    assert "artifacts.1: in a tmpfs, which is gone before anything can be kept of it" in told


def test_no_file_is_sent_into_a_folder_in_memory() -> None:
    told = refusal(tmpfs=["/data"], workdir="/data/in", files=[{"path": "x", "sha256": "0" * 64, "size": 1}])
    assert "files: would be written into a tmpfs, which is empty when the job starts" in told


@pytest.mark.parametrize("name", ["net_raw", "CAP_NET_RAW", "NET_RAW"])
def test_a_capability_is_named_with_or_without_its_prefix(name: str) -> None:
    assert a_job_spec(profile="trusted", capabilities=[name]).capabilities == ("NET_RAW",)


@pytest.mark.parametrize("name", ["SYS_ADMIN", "ALL", 7])
def test_a_capability_that_leads_out_of_a_container_is_none_to_ask_for(name: object) -> None:
    assert "Input should be 'AUDIT_WRITE'" in refusal(capabilities=[name])
