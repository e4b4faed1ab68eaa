from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from mcp.types import ResourceLink

from tests.orcaops_mcp.conftest import call, error_of, finished_job, log_of, text_of

if TYPE_CHECKING:
    from mcp import Client


async def test_kept_files_are_listed_and_read(client: Client) -> None:
    job = await finished_job(client, "mkdir -p out; echo report > out/r.txt", artifacts=["out/*.txt", "absent.xml"])
    listed = await call(client, "orcaops_list_artifacts", id=job["job_id"])
    by_state = {artifact["state"]: artifact for artifact in listed["artifacts"]}
    assert by_state["kept"]["path"] == "out/r.txt"
    assert by_state["kept"]["size"] == 7
    assert len(by_state["kept"]["sha256"]) == 64
    assert by_state["missing"]["pattern"] == "absent.xml"
    only = await call(client, "orcaops_list_artifacts", id=job["job_id"], pattern="*.xml")
    assert [artifact["state"] for artifact in only["artifacts"]] == ["missing"]
    result = await client.call_tool("orcaops_get_artifact", {"id": job["job_id"], "path": "out/r.txt"})
    lines, footer = log_of(result)
    assert lines == ["report", ""]
    assert footer == {"path": "out/r.txt", "bytes": "0-7 of 7"}


async def test_a_long_file_is_read_slice_by_slice_without_breaking_characters(client: Client) -> None:
    job = await finished_job(client, f"printf '{'ä€' * 20}' > a.txt", artifacts=["a.txt"])
    offset, text = 0, ""
    while offset is not None:
        arguments = {"id": job["job_id"], "path": "a.txt", "offset": offset, "max_bytes": 16}
        lines, footer = log_of(await client.call_tool("orcaops_get_artifact", arguments))
        text += "\n".join(lines)
        offset = footer.get("next_offset")
    assert text == "ä€" * 20


@pytest.mark.parametrize("form", ["text", "link"])
async def test_a_binary_file_is_a_link_that_can_be_read(client: Client, form: str) -> None:
    job = await finished_job(client, r"printf 'a\000b\377' > 'a b.bin'", artifacts=["*.bin"])
    arguments = {"id": job["job_id"], "path": "a b.bin", "as": form}
    result = await client.call_tool("orcaops_get_artifact", arguments)
    facts = json.loads(text_of(result))
    link = next(block for block in result.content if isinstance(block, ResourceLink))
    assert facts["uri"] == str(link.uri) == f"orcaops://jobs/{job['job_id']}/artifacts/a%20b.bin"
    read = await client.read_resource(facts["uri"])
    assert read.contents[0].model_dump()["blob"] == "YQBi/w=="


async def test_a_file_that_was_not_kept_says_why(client: Client) -> None:
    job = await finished_job(client, "true", artifacts=["absent.xml"])
    result = await client.call_tool("orcaops_get_artifact", {"id": job["job_id"], "path": "absent.xml"})
    assert error_of(result)["code"] == "artifact_not_found"
