"""Steps with something of their own over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.orcaops_mcp.api.conftest import BUSYBOX, error_of

if TYPE_CHECKING:
    import httpx2


async def test_a_record_tells_what_became_of_each_step(http: httpx2.AsyncClient) -> None:
    steps = [
        {"run": "exit 3", "continue_on_error": True, "name": "Lint"},
        "echo a=1 > $ORCAOPS_OUTPUT; echo '# Done' > $ORCAOPS_STEP_SUMMARY",
        {"run": "echo never", "when": "failure"},
    ]
    response = await http.post("/orcaops/jobs", json={"image": BUSYBOX, "commands": steps}, params={"wait_s": 20})
    record = response.json()
    facts = ("status", "outcome", "attempts", "outputs", "summary", "reason")
    assert [[step[fact] for fact in facts] for step in record["steps"]] == [
        ["success", "failure", 1, {}, None, None],
        ["success", "success", 1, {"a": "1"}, "# Done\n", None],
        ["skipped", "skipped", 0, {}, None, "no earlier step failed"],
    ]
    assert (record["status"], record["outputs"]) == ("success", {"a": "1"})


async def test_a_request_cannot_bring_contexts_or_conditions(http: httpx2.AsyncClient) -> None:
    request = {"image": BUSYBOX, "commands": [{"run": "true", "condition": "always()"}]}
    error = error_of(await http.post("/orcaops/jobs", json=request), 422)
    assert "only a workflow's steps have one" in error["message"]
    error = error_of(await http.post("/orcaops/jobs", json={**request, "context": {}}), 422)
    assert error["findings"][0]["path"] == "context"
