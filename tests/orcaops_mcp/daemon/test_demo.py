"""`orcaops serve --demo` as a process, and what it refuses."""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path

import anyio
import httpx2
import pytest
from anyio.streams.text import TextReceiveStream
from click.testing import CliRunner

from orcaops_mcp import places
from orcaops_mcp.cli.serve import command

ORCAOPS = Path(sys.executable).with_name("orcaops")


@pytest.mark.slow
async def test_a_demo_is_filled_served_without_containers_and_gone_at_the_end(tmp_path: Path) -> None:
    words = [str(ORCAOPS), "serve", "--demo", "--demo-size", "small", "--port", "0", "--no-token"]
    variables = {"PATH": "/usr/bin:/bin", "TMPDIR": str(tmp_path), "HOME": str(tmp_path / "nobody")}
    with anyio.fail_after(120):
        async with await anyio.open_process(words, env=variables) as process:
            assert process.stderr is not None
            said = ""
            async for chunk in TextReceiveStream(process.stderr):
                said += chunk
                if "stop " in said and said.endswith("\n"):
                    break
            (home,) = [folder async for folder in anyio.Path(tmp_path).glob("orcaops-demo-*")]
            url = json.loads(await (home / places.NOTE).read_text())["url"]
            async with httpx2.AsyncClient(base_url=url, timeout=60) as http:
                found = (await http.get("/orcaops/jobs", params={"name": "million-lines"})).json()
                system = (await http.get("/orcaops/system")).json()
            process.send_signal(signal.SIGTERM)
            assert await process.wait() == 0
    assert said.startswith("Filling a home for looking around")
    assert f"  pages    {url}/jobs\n  stop     Ctrl-C; everything here goes with it\n" in said
    assert [job["status"] for job in found["items"]] == ["failed"]
    assert (system["containers"]["backend"], system["slots"]["gpus"]["total"]) == ("simulated", 1)
    assert not await home.exists()
    assert not await anyio.Path(tmp_path / "nobody").exists()


def test_a_home_that_holds_something_is_not_made_a_demo(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "orcaops.db").write_bytes(b"")
    result = CliRunner().invoke(command, ["--demo", "--home", str(home), "--port", "0", "--no-token"])
    assert result.exit_code == 1
    assert f"orcaops: {home} holds a home already; a demo fills an empty one." in result.stderr
    assert "hint: Name a folder that does not exist yet." in result.stderr
