"""A job's page without scripts, and what it gives to scripts."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import anyio.to_thread
import pytest

from core import JobFilter
from orcaops_mcp.views.compact import compact_json
from tests.orcaops_mcp.web.conftest import a_job, words_of

if TYPE_CHECKING:
    import httpx2

    from core import Engine

JSON = {"Accept": "application/json"}
FAILS = ("sh", "-c", "echo building; echo 'main.c:3:1: error: unknown type name' >&2; exit 2")


async def test_the_page_of_a_failed_job_says_what_where_and_since_when(
    pages: httpx2.AsyncClient, engine: Engine
) -> None:
    job = await a_job(engine, *FAILS, name="build", tags=["team:web"])
    page = await pages.get(f"/jobs/{job.job_id}")
    words = words_of(page)
    assert page.status_code == 200
    assert "<title>✖ Failed · build · OrcaOps</title>" in page.text
    assert 'data-favicon="/static/icons/failed.svg' in page.text
    for said in (
        *("Failed", "build", job.job_id, "Image busybox", "Started by cli", "Exit code 2", "team:web"),
        *("Logs Details Artifacts Events", "building", "unknown type name", "2 lines · complete"),
    ):
        assert said in words
    assert re.search(r"First error at line 2", words)
    assert f'href="/jobs/{job.job_id}/rerun"' in page.text
    assert f'href="/jobs/{job.job_id}/cancel"' not in page.text


async def test_who_may_only_look_is_offered_nothing_to_do(pages: httpx2.AsyncClient, engine: Engine) -> None:
    job = await a_job(engine)
    page = await pages.get(f"/jobs/{job.job_id}", headers={"Test-Caller": "visitor"})
    assert page.status_code == 200
    assert all(f"/jobs/{job.job_id}/{act}" not in page.text for act in ("rerun", "cancel", "delete"))
    assert "Download the log" in words_of(page)


async def test_a_running_job_is_followed_and_can_be_cancelled(pages: httpx2.AsyncClient, engine: Engine) -> None:
    job = await a_job(engine, "sleep", "1000", wait=False)
    await engine.wait([job.job_id], until="running", timeout_s=30)
    page = await pages.get(f"/jobs/{job.job_id}")
    assert f'data-topics="job:{job.job_id},log:{job.job_id}"' in page.text
    assert f'data-cancel="/jobs/{job.job_id}/cancel"' in page.text
    assert "No output yet" in words_of(page)
    await engine.cancel_job(job.job_id, by="ui", reason="enough")
    await engine.wait_for_job(job.job_id, timeout_s=30)
    assert "Cancelled by ui: enough" in words_of(await pages.get(f"/jobs/{job.job_id}"))


async def test_a_queued_job_says_what_it_waits_for(pages: httpx2.AsyncClient, engine: Engine) -> None:
    waits = await a_job(engine, "true", wait=False, gpus=0, name="first")
    blockers = [await a_job(engine, "sleep", "1000", wait=False) for _ in range(8)]
    queued = (await engine.list_jobs(JobFilter(finished=False), limit=50)).items[0]
    words = words_of(await pages.get(f"/jobs/{queued.job_id}"))
    assert re.search(r"\d ahead in the queue|next in the queue", words)
    for job in (waits, *blockers):
        await engine.cancel_job(job.job_id)


async def test_the_details_tell_the_same_job_as_file_command_and_call(
    pages: httpx2.AsyncClient, engine: Engine
) -> None:
    job = await a_job(engine, "echo", "it's <b>", name="greet", env={"WHO": "you"}, memory_mb=64)
    page = await pages.get(f"/jobs/{job.job_id}?tab=details")
    words = words_of(page)
    assert "<b>" not in page.text.replace("&lt;b&gt;", "")
    for said in ("image: busybox", "WHO: you", "orcaops run", "--env WHO=you", "/orcaops/jobs", "64.0 MiB"):
        assert said in words


async def test_the_events_tell_who_moved_the_job(pages: httpx2.AsyncClient, engine: Engine) -> None:
    job = await a_job(engine)
    words = words_of(await pages.get(f"/jobs/{job.job_id}?tab=events"))
    for said in ("accepted", "cli", "start", "succeed", "Queued", "Running", "Succeeded"):
        assert said in words


async def test_attempts_are_gone_through_one_by_one(pages: httpx2.AsyncClient, engine: Engine) -> None:
    job = await a_job(engine, "sh", "-c", "echo try; exit 1", retries=1, retry_delay_s=0)
    last = await pages.get(f"/jobs/{job.job_id}")
    assert "Attempt 2 of 2" in words_of(last)
    first = await pages.get(f"/jobs/{job.job_id}?attempt=1")
    assert "This is attempt 1 of 2" in words_of(first)
    assert 'aria-label="Attempt 2"' in first.text
    wrong = await pages.get(f"/jobs/{job.job_id}?attempt=3")
    assert (wrong.status_code, "has had 2 so far" in words_of(wrong)) == (422, True)


async def test_steps_stand_beside_the_log_with_their_first_lines(pages: httpx2.AsyncClient, engine: Engine) -> None:
    job = await a_job(engine, commands=["echo one", "echo two; exit 3", "echo three"], command=None)
    page = await pages.get(f"/jobs/{job.job_id}")
    words = words_of(page)
    assert re.search(r"echo one .*echo two; exit 3 .*exit 3", words)
    assert 'data-line="2"' in page.text
    only = await pages.get(f"/jobs/{job.job_id}/log/lines?step=1", headers=JSON)
    assert [row[3] for row in only.json()["lines"]] == ["two"]


async def test_a_long_log_is_shown_by_head_and_tail_and_any_window_of_it(
    pages: httpx2.AsyncClient, engine: Engine
) -> None:
    job = await a_job(engine, "seq", "1", "3000")
    page = await pages.get(f"/jobs/{job.job_id}")
    numbers = _numbers(page)
    assert (numbers[0], numbers[499], numbers[500], numbers[-1], len(numbers)) == (1, 500, 2801, 3000, 700)
    assert "2,300 lines are left out here" in words_of(page)
    window = _numbers(await pages.get(f"/jobs/{job.job_id}?first=1234"))
    assert (window[0], window[-1]) == (1234, 1733)
    found = await pages.get(f"/jobs/{job.job_id}?q=999")
    assert _numbers(found) == [999, 1999, 2999]
    assert "3 lines match" in words_of(found)


def _numbers(page: httpx2.Response) -> list[int]:
    return [int(number) for number in re.findall(r'class="line[^"]*" id="L(\d+)"', page.text)]


async def test_windows_of_rows_are_given_to_scripts(pages: httpx2.AsyncClient, engine: Engine) -> None:
    job = await a_job(engine, "sh", "-c", "seq 1 1000; echo oh >&2")
    answer = (await pages.get(f"/jobs/{job.job_id}/log/lines?first=998&limit=10", headers=JSON)).json()
    lines = answer.pop("lines")
    assert answer == {
        "attempt": 1,
        "first": 998,
        "rows": 1001,
        "total": 1001,
        "whole": True,
        "over": True,
        "note": "",
        "missing": "",
    }
    assert [(number, stream, text) for number, _, stream, text, *_ in lines] == [
        *((number, "o", str(number)) for number in (998, 999, 1000)),
        (1001, "e", "oh"),
    ]
    narrowed = "/log/lines?q=99$&regex=1&only=1&first=3&limit=2"
    rows = (await pages.get(f"/jobs/{job.job_id}{narrowed}", headers=JSON)).json()
    assert ([row[0] for row in rows["lines"]], rows["rows"], rows["total"]) == ([299, 399], 10, 1001)
    found = (await pages.get(f"/jobs/{job.job_id}/log/search?q=99&from=500", headers=JSON)).json()
    assert (found["total"], found["next"], found["previous"], found["place"], found["whole"]) == (19, 599, 499, 6, True)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("/log/lines?first=0", "first"),
        ("/log/lines?limit=x", "limit"),
        ("/log/lines?stream=both", "stream"),
        ("/log/lines?service=db", "service"),
        ("/log/search?q=", "q"),
        ("/log/search?q=(&regex=1", "pattern"),
        ("?tab=other", "tab"),
    ],
)
async def test_what_an_address_cannot_mean_is_refused(
    pages: httpx2.AsyncClient, engine: Engine, query: str, words: str
) -> None:
    job = await a_job(engine)
    answer = await pages.get(f"/jobs/{job.job_id}{query}", headers=JSON)
    assert answer.status_code == 422
    assert answer.json()["error"]["message"].startswith(words)


async def test_the_log_as_text_is_whole_or_a_part_clean_or_as_printed(
    pages: httpx2.AsyncClient, engine: Engine
) -> None:
    job = await a_job(engine, "printf", "\\033[31mred\\033[0m\\ntwo\\nthree\\n")
    text = await pages.get(f"/jobs/{job.job_id}/log/text")
    assert (text.text, text.headers["content-type"]) == ("red\ntwo\nthree\n", "text/plain; charset=utf-8")
    assert "sandbox" in text.headers["content-security-policy"]
    raw = await pages.get(f"/jobs/{job.job_id}/log/text?raw=1&download=1&first=1&last=2")
    assert raw.text == "\x1b[31mred\x1b[0m\ntwo\n"
    assert raw.headers["content-disposition"] == f'attachment; filename="{job.job_id}-1.log"'


async def test_the_first_error_is_a_place_to_go_to(pages: httpx2.AsyncClient, engine: Engine) -> None:
    job = await a_job(engine, *FAILS)
    gone = await pages.get(f"/jobs/{job.job_id}/log/first-error")
    assert (gone.status_code, gone.headers["location"]) == (303, f"/jobs/{job.job_id}?first=1#L2")
    told = await pages.get(f"/jobs/{job.job_id}/log/first-error", headers=JSON)
    assert told.json()["line"] == 2


async def test_an_unknown_job_is_a_page_that_says_so(pages: httpx2.AsyncClient) -> None:
    page = await pages.get("/jobs/job_0000000000000000000000000")
    assert page.status_code == 404
    assert "Jobs" in words_of(page)


HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)> \u202egnp.exe \x1b]0;title\x07\x1b[2J\x1b[31mred"


async def test_what_a_job_prints_is_text_and_nothing_else(pages: httpx2.AsyncClient, engine: Engine) -> None:
    job = await a_job(engine, "echo", HOSTILE, name="hostile")
    page = await pages.get(f"/jobs/{job.job_id}")
    assert "<script>alert" not in page.text
    assert "<img src=x" not in page.text
    assert not re.search("[\u202e\x1b\x07]", page.text)
    (row,) = (await pages.get(f"/jobs/{job.job_id}/log/lines", headers=JSON)).json()["lines"]
    assert row[3] == "<script>alert(1)</script><img src=x onerror=alert(1)> <U+202E>gnp.exe \x1b[31mred"


async def test_a_line_of_a_megabyte_stays_a_small_answer(pages: httpx2.AsyncClient, engine: Engine) -> None:
    upload = await engine.upload_files({"big": b"x" * (1 << 20)})
    files = [file.model_dump() for file in upload.files]
    job = await a_job(engine, "cat", "big", files=files, log_limit={"bytes": 8 << 20})
    answer = (await pages.get(f"/jobs/{job.job_id}/log/lines", headers=JSON)).json()
    assert answer["rows"] > 10
    assert len(compact_json(answer)) < 400_000
    page = await pages.get(f"/jobs/{job.job_id}")
    assert len(page.text) < 150_000
    assert "more, show all" in words_of(page)


async def test_a_service_has_its_log_beside_the_jobs_own(pages: httpx2.AsyncClient, engine: Engine) -> None:
    job = await a_job(engine, services=[{"id": "db", "image": "redis:7"}], name="with-db")
    page = await pages.get(f"/jobs/{job.job_id}")
    assert "Log of main db" in words_of(page)
    of_service = await pages.get(f"/jobs/{job.job_id}?service=db")
    assert f'data-lines="/jobs/{job.job_id}/log/lines?service=db"' in of_service.text
    answer = (await pages.get(f"/jobs/{job.job_id}/log/lines?service=db", headers=JSON)).json()
    assert (answer["attempt"], answer["over"]) == (1, True)
    details = words_of(await pages.get(f"/jobs/{job.job_id}?tab=details"))
    assert "Containers beside the job" in details


async def test_a_log_that_reached_its_limit_says_what_is_left_out(pages: httpx2.AsyncClient, engine: Engine) -> None:
    job = await a_job(engine, "seq", "1", "5000", log_limit={"lines": 100})
    words = words_of(await pages.get(f"/jobs/{job.job_id}"))
    assert "The log reached its limit: what came after line 100 is left out, but for the end." in words
    answer = (await pages.get(f"/jobs/{job.job_id}/log/lines?limit=0", headers=JSON)).json()
    assert answer["missing"].startswith("The log reached its limit")


async def test_a_log_that_is_gone_from_the_disk_is_said_to_be(pages: httpx2.AsyncClient, engine: Engine) -> None:
    job = await a_job(engine)
    await anyio.to_thread.run_sync(shutil.rmtree, engine.settings.home / "logs" / job.job_id)
    assert "This log had 1 line and is no longer there." in words_of(await pages.get(f"/jobs/{job.job_id}"))
