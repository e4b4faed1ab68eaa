"""The list of jobs, what is done to jobs from pages, the form that runs one, and templates."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from core import JobFilter, parse_job
from orcaops_mcp.web.job_form import JobForm
from tests.orcaops_mcp.web.conftest import a_job, post, words_of

if TYPE_CHECKING:
    import httpx2

    from core import Engine

_TEMPLATE: dict[str, Any] = {
    "name": "greet",
    "description": "Says hello.",
    "inputs": {
        "who": {"required": True, "pattern": "[a-z]+"},
        "times": {"type": "number", "default": 1, "min": 1, "max": 9},
        "loud": {"type": "boolean"},
        "tone": {"type": "choice", "options": ["dry", "warm"], "default": "dry"},
    },
    "job": {"image": "busybox", "command": ["echo", "${{ inputs.who }} ${{ inputs.times }} ${{ inputs.tone }}"]},
}


async def test_an_empty_list_shows_three_ways_to_start(pages: httpx2.AsyncClient) -> None:
    start = await pages.get("/")
    assert (start.status_code, start.headers["location"]) == (303, "/jobs")
    said = words_of(await pages.get("/jobs"))
    for way in ("From a terminal", "orcaops run", "From an agent, by MCP", "mcpServers", "From this page", "Run a job"):
        assert way in said


async def test_rows_say_status_name_image_source_and_why_a_job_failed(
    pages: httpx2.AsyncClient, engine: Engine
) -> None:
    await a_job(engine, "sh", "-c", "exit 3", name="unlucky", tags=["team:web"])
    await a_job(engine, name="lucky")
    said = words_of(await pages.get("/jobs"))
    assert "Failed unlucky" in said
    assert "exit 3" in said
    assert "Succeeded lucky" in said
    assert "busybox" in said
    assert "cli" in said
    assert "All 2" in said
    assert "Failed 1" in said


async def test_filters_are_links_with_counts_and_keep_each_other(pages: httpx2.AsyncClient, engine: Engine) -> None:
    failed = await a_job(engine, "sh", "-c", "exit 3", name="unlucky", tags=["team:web"])
    lucky = await a_job(engine, name="lucky")
    for query, found in (
        ("status=failed", {failed.job_id}),
        ("status=failed&status=success", {failed.job_id, lucky.job_id}),
        ("q=UNLUCK", {failed.job_id}),
        (f"q={lucky.job_id[:20]}", {lucky.job_id}),
        (f"q={lucky.job_id}", {lucky.job_id}),
        ("q=team=web", {failed.job_id}),
        ("q=busybox&status=success", {lucky.job_id}),
        ("source=cli", {failed.job_id, lucky.job_id}),
        ("source=nobody", set[str]()),
        ("since=1h", {failed.job_id, lucky.job_id}),
        ("until=1h", set[str]()),
        ("tag=team:web", {failed.job_id}),
    ):
        page = (await pages.get(f"/jobs?{query}")).text
        assert set(re.findall(r'id="row-(job_\w+)"', page)) == found, query
    narrowed = (await pages.get("/jobs?q=lucky&status=failed")).text
    assert 'href="/jobs?status=success&amp;q=lucky"' in narrowed
    assert '<input type="hidden" name="status" value="failed">' in narrowed
    none = words_of(await pages.get("/jobs?q=nothing-like-it"))
    assert "No jobs match Clear filters" in none


@pytest.mark.parametrize("query", ["status=odd", "since=yesterday", "before=xyz", f"q={'x' * 300}"])
async def test_an_address_that_makes_no_sense_says_what_is_wrong(pages: httpx2.AsyncClient, query: str) -> None:
    page = await pages.get(f"/jobs?{query}")
    assert page.status_code == 422
    assert query.partition("=")[0].replace("before", "cursor") in words_of(page)


async def test_pages_of_fifty_lead_to_older_ones_and_new_jobs_shift_nothing(
    pages: httpx2.AsyncClient, engine: Engine
) -> None:
    for _ in range(55):
        await engine.submit_job(parse_job({"image": "busybox", "command": ["true"]}))
    first = (await pages.get("/jobs")).text
    older = re.findall(r'rel="next" href="([^"]+)"', first)[0].replace("&amp;", "&")
    await engine.submit_job(parse_job({"image": "busybox", "command": ["true"]}))
    second = (await pages.get(older)).text
    rows = [re.findall(r'id="row-(job_\w+)"', page) for page in (first, second)]
    assert [len(each) for each in rows] == [50, 5]
    assert not set(rows[0]) & set(rows[1])
    assert 'rel="next"' not in second
    assert 'href="/jobs"' in second


async def test_a_job_is_cancelled_after_a_question_and_one_is_led_back(
    pages: httpx2.AsyncClient, engine: Engine
) -> None:
    job = await a_job(engine, "sleep", "600", wait=False, name="endless")
    asked = await pages.get(f"/jobs/{job.job_id}/cancel?next=/jobs?status=running")
    assert "Cancel this job? " in words_of(asked)
    assert "endless" in asked.text
    done = await post(pages, f"/jobs/{job.job_id}/cancel", reason="superseded", next="/jobs?status=running")
    assert (done.status_code, done.headers["location"]) == (303, "/jobs?status=running")
    ended = await engine.wait_for_job(job.job_id, timeout_s=30)
    assert ended.status == "cancelled"
    assert ended.cancel is not None
    assert (ended.cancel.by, ended.cancel.reason) == ("ui", "superseded")
    again = await pages.get(f"/jobs/{job.job_id}/cancel")
    assert again.status_code == 409
    assert "This job already ended: Cancelled" in words_of(again)


async def test_a_job_is_repeated_and_deleted_after_a_question(pages: httpx2.AsyncClient, engine: Engine) -> None:
    job = await a_job(engine, name="twice")
    assert "Run this job again?" in words_of(await pages.get(f"/jobs/{job.job_id}/rerun"))
    done = await post(pages, f"/jobs/{job.job_id}/rerun")
    again = await engine.wait_for_job(done.headers["location"].removeprefix("/jobs/"), timeout_s=30)
    assert again.rerun_of == job.job_id
    assert "Delete this job?" in words_of(await pages.get(f"/jobs/{job.job_id}/delete"))
    gone = await post(pages, f"/jobs/{job.job_id}/delete", next=f"/jobs/{job.job_id}")
    assert (gone.status_code, gone.headers["location"]) == (303, "/jobs")
    assert (await pages.get(f"/jobs/{job.job_id}/rerun")).status_code == 404


async def test_a_job_is_run_from_the_form_and_sent_twice_it_is_one(pages: httpx2.AsyncClient, engine: Engine) -> None:
    form = await pages.get("/jobs/new")
    key = re.findall(r'name="key" value="([^"]+)"', form.text)[0]
    fields = {
        "image": "busybox", "way": "commands", "program": "echo one\r\n\r\necho two", "name": "by-form", "key": key,
        "env": "A=1\nB=x=y", "timeout": "2m", "cpus": "0.5", "memory": "64", "retries": "1", "priority": "5",
        "artifacts": "dist/**", "tags": "team:web", "network": "none", "more": '{"disk_mb": 100}', "do": "run",
    }  # fmt: skip
    done = await post(pages, "/jobs/new", **fields)
    assert done.status_code == 303, words_of(done)
    job = await engine.get_job(done.headers["location"].removeprefix("/jobs/"))
    spec = job.spec
    assert (spec.image, spec.name, spec.timeout_s, spec.cpus, spec.memory_mb) == ("busybox", "by-form", 120, 0.5, 64)
    assert [step.run for step in spec.commands] == ["echo one", "echo two"]
    assert (dict(spec.env), spec.retries, spec.priority) == ({"A": "1", "B": "x=y"}, 1, 5)
    assert (spec.artifacts, spec.tags, spec.network, spec.disk_mb) == (("dist/**",), ("team:web",), "none", 100)
    assert job.submitted_by == "ui"
    assert (await post(pages, "/jobs/new", **fields)).headers["location"] == done.headers["location"]
    changed = await post(pages, "/jobs/new", **(fields | {"name": "another"}))
    assert changed.status_code == 303
    assert changed.headers["location"] != done.headers["location"]


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"image": ""}, "image", "required"),
        ({"image": "UPPER CASE"}, "image", ""),
        ({"env": "no equals sign"}, "env", ""),
        ({"timeout": "soon"}, "timeout", "not a span of time"),
        ({"cpus": "many"}, "cpus", "must be a number"),
        ({"memory": "1.5"}, "memory", "whole number"),
        ({"retries": "99"}, "retries", ""),
        ({"mounts": "nowhere"}, "mounts", "SRC:DST"),
        ({"more": "{"}, "more", "not JSON"),
        ({"more": "[]"}, "more", "must be an object"),
        ({"more": '{"image": "x"}'}, "more", "given by another field"),
        ({"more": '{"nonsense": 1}'}, "more", "nonsense"),
        ({"artifacts": "../up"}, "artifacts", ""),
        ({"name": "sp ace!"}, "name", ""),
    ],
)
async def test_what_is_wrong_is_told_at_its_field_and_nothing_typed_is_lost(
    pages: httpx2.AsyncClient, engine: Engine, fields: dict[str, str], field: str, words: str
) -> None:
    usual = {"image": "busybox", "way": "commands", "program": "echo hi", "name": "kept", "do": "run"}
    page = await post(pages, "/jobs/new", **(usual | fields))
    assert page.status_code == 422
    said = re.findall(rf'data-problem="{field}">([^<]*)<', page.text)[0]
    assert said
    assert words in said
    assert re.search(rf'id="{field}"[^>]*aria-invalid="true"', page.text)
    assert "echo hi" in page.text
    assert sum((await engine.count_jobs()).values()) == 0


async def test_the_form_is_checked_without_running_and_shows_the_same_as_a_command(
    pages: httpx2.AsyncClient, engine: Engine
) -> None:
    page = await post(
        pages, "/jobs/new", image="busybox", way="command", program="echo\ntwo words", env="A=b c", do="check"
    )
    assert page.status_code == 200
    assert "Nothing is wrong with it." in words_of(page)
    assert "orcaops run --env 'A=b c' busybox -- echo 'two words'" in words_of(page)
    answer = await post(pages, "/jobs/new/equivalent", image="busybox", way="script", program="cd /\nls")
    assert answer.json()["command"].startswith("cat >job.yaml <<'EOF'\n")
    assert answer.json()["command"].endswith("orcaops run --spec job.yaml")
    wrong = await post(pages, "/jobs/new/equivalent", image="busybox", cpus="x")
    assert wrong.json() == {"command": "", "problems": {"cpus": ["must be a number"]}}
    assert sum((await engine.count_jobs()).values()) == 0


async def test_what_this_engine_does_not_allow_is_said_with_the_rule(pages: httpx2.AsyncClient) -> None:
    page = await post(pages, "/jobs/new", image="busybox", mounts="/etc:/data", do="run")
    assert page.status_code == 403
    assert "/etc" in words_of(page)


async def test_a_job_is_run_again_with_changes(pages: httpx2.AsyncClient, engine: Engine) -> None:
    job = await a_job(engine, "echo", "old", name="first", env={"KEEP": "1", "DROP": "2"}, timeout_s=60, tags=["a"])
    form = await pages.get(f"/jobs/new?from={job.job_id}")
    assert "Run again with changes" in words_of(form)
    assert "KEEP=1\nDROP=2" in form.text
    done = await post(
        pages, "/jobs/new", **{"from": job.job_id, "image": "busybox", "way": "command", "program": "echo\nnew"},
        name="first", env="KEEP=1", timeout="60s", do="run",
    )  # fmt: skip
    assert done.status_code == 303, words_of(done)
    again = await engine.get_job(done.headers["location"].removeprefix("/jobs/"))
    assert (again.rerun_of, again.spec.command, dict(again.spec.env)) == (job.job_id, ("echo", "new"), {"KEEP": "1"})
    assert (again.spec.timeout_s, again.spec.tags) == (60, ())


@pytest.mark.parametrize(
    "request_",
    [
        {"image": "busybox"},
        {
            "image": "busybox",
            "command": ["sh", "-c", "echo a; echo 'b c'"],
            "workdir": "/w",
            "env": {"A": "", "B": "="},
        },
        {"image": "busybox", "commands": ["one", "two && three"], "mounts": ["/a:/b", "/c:/d:rw"]},
        {"image": "busybox", "script": "cd /\nls\n", "network": "bridge", "retries": 2, "cpus": 1.5},
        {"image": "busybox", "commands": [{"run": "one", "name": "first", "timeout_s": 5}], "tmpfs": ["/tmp"]},
        {"image": "busybox", "command": ["printf", "a\nb"], "timeout_s": 90, "services": [{"id": "db", "image": "x"}]},
        {"image": "busybox", "command": ["true"], "artifacts": ["**"], "tags": ["a", "b:c"], "secrets": ["S"]},
    ],
)
def test_a_spec_in_the_form_is_the_same_spec_again(request_: dict[str, Any]) -> None:
    spec = parse_job(request_)
    form = JobForm.from_spec(spec)
    again, findings = form.request()
    assert findings == []
    assert parse_job(again) == spec
    assert form.changes_to(spec) == ({}, [])


async def test_templates_are_listed_shown_and_run_with_typed_inputs(pages: httpx2.AsyncClient, engine: Engine) -> None:
    assert "No templates yet" in words_of(await pages.get("/templates"))
    await engine.save_template(_TEMPLATE)
    assert "greet" in words_of(await pages.get("/templates"))
    page = await pages.get("/templates/greet")
    for part in ("Says hello.", "who (required)", "number, from 1, to 9", "dry (default)"):
        assert part in words_of(page)
    wrong = await post(pages, "/templates/greet/run", **{"input.who": "A B", "input.times": "12"})
    assert wrong.status_code == 422
    for name in ("who", "times"):
        assert re.findall(rf'id="input-{name}-problem">([^<]+)<', wrong.text)
    assert 'value="A B"' in wrong.text
    done = await post(
        pages,
        "/templates/greet/run",
        **{"input.who": "you", "input.times": "3", "input.tone": "warm", "input.loud": ""},
    )
    assert done.status_code == 303, words_of(done)
    job = await engine.get_job(done.headers["location"].removeprefix("/jobs/"))
    assert job.spec.command == ("echo", "you 3 warm")
    assert job.template is not None
    assert (job.template.name, job.submitted_by) == ("greet", "ui")


async def test_a_template_is_deleted_after_a_question(pages: httpx2.AsyncClient, engine: Engine) -> None:
    await engine.save_template(_TEMPLATE)
    assert "Delete this template?" in words_of(await pages.get("/templates/greet/delete"))
    assert (await post(pages, "/templates/greet/delete")).headers["location"] == "/templates"
    assert (await pages.get("/templates/greet")).status_code == 404
    assert (await pages.get("/templates/..%2f..")).status_code == 404


async def test_a_list_is_made_of_what_the_engine_answers_only(pages: httpx2.AsyncClient, engine: Engine) -> None:
    job = await a_job(engine, name="one")
    listed = await engine.list_jobs(JobFilter(), limit=50)
    assert [each.job_id for each in listed.items] == [job.job_id]
    assert json.dumps(job.job_id) in json.dumps(re.findall(r'id="row-(job_\w+)"', (await pages.get("/jobs")).text))
