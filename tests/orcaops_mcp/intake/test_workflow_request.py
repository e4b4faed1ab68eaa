"""What a workflow request is made of: a text, a file below the caller's folder, a template."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core import Engine, InvalidArgumentError, TemplateUse
from orcaops_mcp.intake.caller import AGENT, Caller
from orcaops_mcp.intake.job_request import input_files
from orcaops_mcp.intake.workflow_request import FromPath, FromTemplate, FromText, asked

if TYPE_CHECKING:
    from pathlib import Path

CALLER = "name: outer\ninputs: {tag: {required: true}}\njobs: {lib: {uses: ./lib/common.yaml}}\n"
CALLED = 'jobs: {inner: {image: "busybox:1.36", commands: ["true"]}}\n'


@pytest.fixture
def caller(tmp_path: Path) -> Caller:
    folder = tmp_path / "project"
    (folder / "ci" / "lib").mkdir(parents=True)
    (folder / "ci" / "main.yaml").write_bytes(b"\xef\xbb\xbf" + CALLER.encode())
    (folder / "ci" / "lib" / "common.yaml").write_text(CALLED, encoding="utf-8")
    return Caller("agent", folder=folder)


async def test_a_file_brings_along_the_files_it_calls(engine: Engine, caller: Caller) -> None:
    found = await asked(engine, FromPath("ci/main.yaml"), caller, inputs={"tag": "v1"})
    assert found.check.plan is not None
    assert (found.request.text, found.request.file_name) == (CALLER, "ci/main.yaml")
    assert dict(found.request.files) == {"ci/lib/common.yaml": CALLED}
    assert dict(found.request.inputs) == {"tag": "v1"}


async def test_a_text_is_taken_with_the_files_given_or_those_of_the_callers_folder(
    engine: Engine, caller: Caller
) -> None:
    given = FromText(CALLER, "x.yaml", files={"./lib/common.yaml": CALLED, "unused.yaml": "x"})
    found = await asked(engine, given, AGENT, inputs={"tag": "v1"})
    assert found.check.is_valid
    assert dict(found.request.files) == {"lib/common.yaml": CALLED}
    beside = await asked(engine, FromText(CALLER, "ci/x.yaml"), caller, inputs={"tag": "v1"})
    assert dict(beside.request.files) == {"ci/lib/common.yaml": CALLED}
    lacking = await asked(engine, FromText(CALLER, "ci/x.yaml", files={}), caller, inputs={"tag": "v1"})
    assert [finding.code for finding in lacking.check.findings] == ["E150"]


async def test_a_template_is_checked_with_the_inputs_it_is_to_run_with(engine: Engine) -> None:
    workflow = {"text": CALLER, "files": {"lib/common.yaml": CALLED}}
    await engine.save_template({"name": "outer", "workflow": workflow})
    found = await asked(engine, FromTemplate("outer", 1), AGENT, inputs={"tag": "v1"})
    assert found.check.plan is not None
    assert found.request.template == TemplateUse("outer", 1, {"tag": "v1"})
    lacking = await asked(engine, FromTemplate("outer"), AGENT)
    assert (lacking.check.plan, [fault.path for fault in lacking.check.input_findings]) == (None, ["inputs.tag"])


async def test_who_stands_in_no_folder_gives_no_path(engine: Engine) -> None:
    with pytest.raises(InvalidArgumentError, match="no folder"):
        await asked(engine, FromPath("ci/main.yaml"), AGENT)


async def test_uploads_stand_before_what_the_workspace_holds(engine: Engine, caller: Caller) -> None:
    upload = await engine.upload_files({"ci/main.yaml": b"other", "more.txt": b"more"})
    files = await input_files(engine, caller, workspace=".", uploads=[upload.upload_id])
    assert sorted(file.path for file in files) == ["ci/lib/common.yaml", "ci/main.yaml", "more.txt"]
    assert {file.path: file.size for file in files}["ci/main.yaml"] == 5
