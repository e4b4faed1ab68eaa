"""A workflow is checked, planned and run from a page, from a text, a template or an earlier run."""

from __future__ import annotations

from textwrap import dedent
from typing import TYPE_CHECKING

from core import WorkflowStatus
from tests.core.engine.workflow.runs import conduct, ended
from tests.orcaops_mcp.web.conftest import post, words_of
from tests.orcaops_mcp.web.workflow_files import CHAIN, WITH_INPUTS

if TYPE_CHECKING:
    import httpx2

    from core import Engine

FAULTY = "name: x\njobs:\n  a:\n    image: busybox\n    commands: [echo]\n    need: b\n"


async def test_a_text_is_checked_and_what_it_would_do_is_shown_without_running_it(
    engine: Engine, pages: httpx2.AsyncClient
) -> None:
    page = await post(pages, "/workflows/new", text=dedent(CHAIN), do="check")
    said = words_of(page)
    assert page.status_code == 200
    assert "In order" in said
    assert "2 jobs, 2 to start" in said
    assert "1 build run 1 " in said
    assert "2 test run 1 build" in said
    assert (await engine.list_workflows()).items == ()


async def test_findings_are_told_with_line_and_column_and_shown_in_the_text(pages: httpx2.AsyncClient) -> None:
    page = await post(pages, "/workflows/new", text=FAULTY, do="check")
    assert page.status_code == 200
    assert "line 6, column 5" in words_of(page)
    assert 'data-line="6" data-column="5"' in page.text
    assert '<tr id="L6" class="marked">' in page.text
    assert "need: b" in page.text


async def test_a_file_with_errors_is_not_run_and_stays_in_the_form(engine: Engine, pages: httpx2.AsyncClient) -> None:
    page = await post(pages, "/workflows/new", text=FAULTY, do="run", name="mine")
    assert page.status_code == 422
    assert "cannot be run as it is" in words_of(page)
    assert 'value="mine"' in page.text
    empty = await post(pages, "/workflows/new", text="", do="run")
    assert empty.status_code == 422
    assert (await engine.list_workflows()).items == ()


async def test_inputs_get_fields_of_their_types_and_what_is_wrong_stands_beside_them(
    engine: Engine, pages: httpx2.AsyncClient
) -> None:
    wrong = await post(pages, "/workflows/new", text=WITH_INPUTS, do="run", **{"input.loud": "perhaps"})
    assert wrong.status_code == 422
    assert 'id="wrong-who">required, and missing' in wrong.text
    assert 'id="wrong-loud"' in wrong.text
    assert "<option>cold</option>" in wrong.text
    values = {"input.who": "ada", "input.loud": "true", "input.tone": ""}
    answer = await post(pages, "/workflows/new", text=WITH_INPUTS, do="run", name="hi", tags="a, b", **values)
    assert answer.status_code == 303
    found = await ended(engine, answer.headers["location"].removeprefix("/workflows/"))
    assert found.run.inputs == {"who": "ada", "loud": True, "tone": "kind"}
    assert (found.run.run_name, found.run.tags, found.run.submitted_by) == ("hi", ("a", "b"), "ui")
    page = await pages.get(answer.headers["location"])
    assert "who ada" in words_of(page)
    assert "loud true" in words_of(page)


async def test_a_saved_workflow_is_taken_with_its_inputs_and_run(engine: Engine, pages: httpx2.AsyncClient) -> None:
    await engine.save_template({"name": "greeting", "workflow": {"text": WITH_INPUTS}}, by="python")
    form = await pages.get("/workflows/new?template=greeting")
    assert "Whom to greet" in words_of(form)
    assert "readonly" in form.text
    answer = await post(pages, "/workflows/new", template="greeting", do="run", **{"input.who": "grace"})
    found = await ended(engine, answer.headers["location"].removeprefix("/workflows/"))
    assert found.run.status is WorkflowStatus.SUCCESS
    assert found.run.template is not None
    assert found.run.template.name == "greeting"
    assert "<option>greeting</option>" in (await pages.get("/workflows/new")).text
    assert (await pages.get("/workflows/new?template=nobody")).status_code == 404
    assert (await post(pages, "/workflows/new", template="nobody", do="run")).status_code == 404


async def test_an_earlier_runs_file_is_changed_and_run_with_its_inputs(
    engine: Engine, pages: httpx2.AsyncClient
) -> None:
    before = await conduct(engine, WITH_INPUTS, inputs={"who": "ada"})
    form = await pages.get(f"/workflows/new?from={before.run.workflow_id}")
    assert "name: greet" in form.text
    assert 'name="input.who" value="ada"' in form.text
    changed = WITH_INPUTS.replace("hello", "goodbye")
    sent = {"from": before.run.workflow_id, "input.who": "ada"}
    answer = await post(pages, "/workflows/new", text=changed, do="run", **sent)
    found = await ended(engine, answer.headers["location"].removeprefix("/workflows/"))
    assert found.run.workflow_id != before.run.workflow_id
    assert "goodbye ada" in words_of(await pages.get(f"/workflows/{found.run.workflow_id}/log"))


async def test_what_the_engine_refuses_stands_above_the_form_with_its_hint(pages: httpx2.AsyncClient) -> None:
    text = "secrets: [DEPLOY_KEY]\n" + dedent(CHAIN).strip()
    page = await post(pages, "/workflows/new", text=text, do="run")
    assert page.is_client_error
    assert "DEPLOY_KEY" in words_of(page)
    assert 'role="alert"' in page.text
    assert "secrets: [DEPLOY_KEY]" in page.text
