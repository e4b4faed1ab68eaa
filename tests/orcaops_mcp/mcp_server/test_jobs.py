from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import pytest

from core import is_job_id
from tests.orcaops_mcp.conftest import call, error_of, facts_of, finished_job

if TYPE_CHECKING:
    from mcp import Client

    from core import Engine


async def test_a_failed_job_comes_back_with_its_kind_its_exit_code_its_steps_and_its_last_lines(client: Client) -> None:
    outcome = await finished_job(client, "echo one", "echo two >&2; exit 3")
    assert outcome["status"] == "failed"
    assert outcome["failure"]["kind"] == "exit"
    assert outcome["exit_code"] == 3
    assert [step["exit_code"] for step in outcome["steps"]] == [0, 3]
    assert "one" in outcome["log_tail"]
    assert "two" in outcome["log_tail"]
    assert outcome["next"] == f'orcaops_get_failure_summary(id="{outcome["job_id"]}")'


async def test_without_wait_the_job_is_accepted_at_once(client: Client) -> None:
    accepted = await call(client, "orcaops_submit_job", image="busybox", command=["sleep", "600"])
    assert is_job_id(accepted["job_id"])
    assert accepted["status"] in ("queued", "running")
    assert "log_tail" not in accepted
    await call(client, "orcaops_cancel_job", job_id=accepted["job_id"])


async def test_a_script_a_map_of_variables_and_lists_written_as_json_text_are_accepted(client: Client) -> None:
    outcome = await call(
        client,
        "orcaops_submit_job",
        image="busybox",
        script="echo $GREETING $COUNT",
        env={"GREETING": "hello", "COUNT": 2},
        tags='["a","b"]',
        wait_s=20,
    )
    assert "hello 2" in outcome["log_tail"]
    record = await call(client, "orcaops_get_job_status", job_id=outcome["job_id"], detail="full")
    assert record["tags"] == ["a", "b"]
    assert record["spec"]["env"] == {"GREETING": "hello", "COUNT": "2"}


async def test_a_dry_run_shows_the_effective_spec_and_starts_nothing(client: Client, engine: Engine) -> None:
    shown = await call(client, "orcaops_submit_job", image="busybox", command=["true"], dry_run=True)
    assert shown["admitted"] is True
    assert shown["spec"]["memory_mb"] == engine.settings.limits.memory_mb
    assert (await engine.list_jobs()).items == ()


async def test_a_repeated_key_returns_the_first_job_and_says_so(client: Client) -> None:
    first = await call(client, "orcaops_submit_job", image="busybox", command=["true"], idempotency_key="k1")
    again = await call(client, "orcaops_submit_job", image="busybox", command=["true"], idempotency_key="k1")
    assert again["job_id"] == first["job_id"]
    assert again["replayed"] is True
    other = {"image": "busybox", "command": ["false"], "idempotency_key": "k1"}
    assert error_of(await client.call_tool("orcaops_submit_job", other))["code"] == "idempotency_conflict"


async def test_uploaded_files_are_run_by_their_runtime(client: Client) -> None:
    files = [{"path": "main.sh", "text": "echo from the file"}, {"path": "data/a.bin", "base64": "AAEC"}]
    upload = await call(client, "orcaops_upload_files", files=files)
    assert upload["files"] == [{"path": "main.sh", "size": 18}, {"path": "data/a.bin", "size": 3}]
    outcome = await call(
        client,
        "orcaops_submit_job",
        entry="main.sh",
        args=["now"],
        runtime="sh",
        files=[upload["upload_id"]],
        wait_s=20,
    )
    assert "from the file" in outcome["log_tail"]
    record = await call(client, "orcaops_get_job_status", job_id=outcome["job_id"], detail="full")
    assert record["spec"]["command"] == ["sh", "main.sh", "now"]


async def test_a_limit_for_each_step_ends_up_in_the_spec(client: Client) -> None:
    shown = await call(
        client, "orcaops_submit_job", image="busybox", commands=["true", "true"], step_timeout_s=7, dry_run=True
    )
    assert [step["timeout_s"] for step in shown["spec"]["commands"]] == [7, 7]


async def test_a_wait_that_ends_first_is_a_short_answer_and_no_error(client: Client) -> None:
    job_id = (await call(client, "orcaops_submit_job", image="busybox", command=["sleep", "600"]))["job_id"]
    result = await client.call_tool("orcaops_wait", {"ids": [job_id], "timeout_s": 0.1})
    waited = facts_of(result)
    assert waited["done"] is False
    assert waited["unfinished"] == 1
    assert "orcaops_wait" in waited["next"]
    assert len(str(waited)) < 300
    await call(client, "orcaops_cancel_job", job_id=job_id)
    ended = await call(client, "orcaops_wait", ids=[job_id], timeout_s=20)
    assert ended["done"] is True
    assert ended["jobs"][0]["status"] == "cancelled"


async def test_a_wait_for_a_line_returns_the_line(client: Client) -> None:
    accepted = await call(
        client, "orcaops_submit_job", image="busybox", commands=["echo warming up", "echo ready on 80", "sleep 600"]
    )
    waited = await call(
        client, "orcaops_wait", ids=accepted["job_id"], until="log_match", pattern="ready on [0-9]+", timeout_s=20
    )
    assert waited["match"]["untrusted_text"] == "ready on 80"
    await call(client, "orcaops_cancel_job", job_id=accepted["job_id"])


@pytest.mark.fault("F51")
async def test_ending_a_wait_does_not_end_the_job(client: Client, engine: Engine) -> None:
    job_id = (await call(client, "orcaops_submit_job", image="busybox", command=["sleep", "600"]))["job_id"]
    await call(client, "orcaops_wait", ids=[job_id], until="running", timeout_s=20)
    with anyio.move_on_after(0.2) as limit:
        await client.call_tool("orcaops_wait", {"ids": [job_id], "timeout_s": 50})
    assert limit.cancelled_caught
    assert not (await engine.get_job(job_id)).is_finished
    assert (await engine.get_job(job_id)).cancel is None


async def test_another_call_is_answered_while_one_waits(client: Client, engine: Engine) -> None:
    job_id = (await call(client, "orcaops_submit_job", image="busybox", command=["sleep", "600"]))["job_id"]
    order: list[str] = []

    async def wait() -> None:
        await client.call_tool("orcaops_wait", {"ids": [job_id], "timeout_s": 50})
        order.append("wait")

    with anyio.fail_after(30):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(wait)
            await call(client, "orcaops_get_system_status")
            order.append("status")
            await call(client, "orcaops_cancel_job", job_id=job_id)
    assert order == ["status", "wait"]
    assert (await engine.get_job(job_id)).status == "cancelled"


async def test_a_wait_tells_the_last_line_as_progress(client: Client) -> None:
    accepted = await call(client, "orcaops_submit_job", image="busybox", commands=["echo compiling", "sleep 600"])
    heard = anyio.Event()
    messages: list[str] = []

    async def listen(progress: float, total: float | None, message: str | None) -> None:
        assert total == 50
        assert progress > 0
        messages.append(message or "")
        if message == "compiling":
            heard.set()

    with anyio.fail_after(30):
        async with anyio.create_task_group() as tasks:

            async def wait() -> None:
                arguments = {"ids": [accepted["job_id"]], "timeout_s": 50}
                await client.call_tool("orcaops_wait", arguments, progress_callback=listen)

            tasks.start_soon(wait)
            await heard.wait()
            tasks.cancel_scope.cancel()
    await call(client, "orcaops_cancel_job", job_id=accepted["job_id"])


async def test_cancelling_a_finished_job_is_no_error(client: Client) -> None:
    outcome = await finished_job(client, "true")
    cancelled = await call(client, "orcaops_cancel_job", job_id=outcome["job_id"], reason="too late")
    assert cancelled == {"job_id": outcome["job_id"], "status": "success"}


async def test_a_rerun_is_a_fresh_job_with_the_changes(client: Client) -> None:
    failed = await finished_job(client, "echo $WHO; exit 1", env=["WHO=me"])
    changes = {"env": ["WHO=you"], "commands": ["echo $WHO"]}
    preview = await call(client, "orcaops_rerun", id=failed["job_id"], changes=changes, preview=True)
    assert preview["spec"]["env"] == {"WHO": "you"}
    rerun = await call(client, "orcaops_rerun", **{"id": failed["job_id"], "from": "start", "changes": changes})
    assert rerun["rerun_of"] == failed["job_id"]
    ended = await call(client, "orcaops_wait", ids=[rerun["job_id"]], timeout_s=20)
    assert ended["jobs"][0]["status"] == "success"


async def test_the_full_record_has_what_a_program_needs(client: Client) -> None:
    outcome = await finished_job(client, "echo hi", name="full", tags=["t"])
    record = await call(client, "orcaops_get_job_status", job_id=outcome["job_id"], detail="full")
    assert record["image"] == "busybox:latest"
    assert record["created_at"].endswith("Z")
    assert record["log"]["lines"] == 1
    assert record["cleanup"] in ("pending", "removed")
    assert record["steps"][0]["first_line"] == 1
    assert "services" not in record


@pytest.mark.parametrize("query", [{"name": "wanted"}, {"tag": "pick"}, {"status": "failed"}])
async def test_the_list_is_filtered_and_newest_first(client: Client, query: dict[str, str]) -> None:
    wanted = await finished_job(client, "exit 1", name="wanted", tags=["pick"])
    await finished_job(client, "true")
    listed = await call(client, "orcaops_list_runs", **query)
    assert [job["job_id"] for job in listed["jobs"]] == [wanted["job_id"]]


async def test_the_list_has_a_line_an_item_and_pages_by_cursor(client: Client) -> None:
    for _ in range(3):
        await call(client, "orcaops_submit_job", image="busybox", command=["true"])
    result = await client.call_tool("orcaops_list_runs", {"limit": 2})
    first = facts_of(result)
    assert len(first["jobs"]) == 2
    rest = await call(client, "orcaops_list_runs", limit=2, cursor=first["next_cursor"], since="2020-01-01T00:00:00Z")
    assert len(rest["jobs"]) == 1
    assert "next_cursor" not in rest
    times = [job["created_at"] for job in first["jobs"] + rest["jobs"]]
    assert times == sorted(times, reverse=True)


async def test_system_status_says_what_runs_and_what_may(client: Client, engine: Engine) -> None:
    status = await call(client, "orcaops_get_system_status")
    assert status["containers"]["available"] is True
    assert status["containers"]["backend"] == "simulated"
    assert status["max_running"] == engine.settings.queue.max_running
