"""Files sent in: forms, manifests and single files, always whole or not at all."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from tests.orcaops_mcp.api.conftest import error_of, submitted

if TYPE_CHECKING:
    import httpx2

BODY = b"print('hi')\n"
DIGEST = hashlib.sha256(BODY).hexdigest()
ABSENT = "0" * 64


def manifest(*files: tuple[str, bytes]) -> dict[str, object]:
    return {
        "files": [{"path": path, "sha256": hashlib.sha256(data).hexdigest(), "size": len(data)} for path, data in files]
    }


async def test_a_form_becomes_an_upload_that_jobs_name(http: httpx2.AsyncClient) -> None:
    files = [("files", ("src/main.py", BODY)), ("anything", ("run.sh", b"#!/bin/sh\n"))]
    response = await http.post("/orcaops/uploads", files=files)
    assert response.status_code == 201, response.text
    upload = response.json()
    assert {file["path"]: file["executable"] for file in upload["files"]} == {"src/main.py": False, "run.sh": True}
    assert (await http.get(response.headers["location"])).json() == upload
    job = await submitted(http, "cat", "src/main.py", files=[upload["upload_id"]], wait_s=20)
    assert (await http.get(f"/orcaops/jobs/{job['job_id']}/logs")).content == BODY


async def test_a_manifest_asks_for_the_bytes_that_are_not_here(http: httpx2.AsyncClient) -> None:
    wanted = manifest(("a.py", BODY), ("b.py", BODY))
    first = await http.post("/orcaops/uploads", json=wanted)
    assert (first.status_code, first.json()) == (200, {"missing": [DIGEST]})
    sent = await http.put(f"/orcaops/uploads/blobs/{DIGEST}", content=BODY)
    assert (sent.status_code, sent.json()) == (201, {"sha256": DIGEST, "size": len(BODY)})
    second = await http.post("/orcaops/uploads", json=wanted)
    assert second.status_code == 201
    assert [file["path"] for file in second.json()["files"]] == ["a.py", "b.py"]


async def test_a_file_that_is_not_what_its_hash_says_is_not_kept(http: httpx2.AsyncClient) -> None:
    error_of(await http.put(f"/orcaops/uploads/blobs/{DIGEST}", content=b"other"), 422)
    assert (await http.post("/orcaops/uploads", json=manifest(("a", BODY)))).json() == {"missing": [DIGEST]}


async def test_a_file_beyond_the_limit_is_refused(http: httpx2.AsyncClient) -> None:
    large = b"x" * 2_000_001
    response = await http.put(f"/orcaops/uploads/blobs/{hashlib.sha256(large).hexdigest()}", content=large)
    assert error_of(response, 413)["code"] == "body_too_large"
    response = await http.post("/orcaops/uploads", files={"files": ("large", large)})
    assert response.status_code in (413, 422)
    many = [("files", (f"f{number}", b"x")) for number in range(51)]
    error_of(await http.post("/orcaops/uploads", files=many), 422)


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", "a//b", "", ".", "a\0b", "x" * 1025, "a/../b"])
async def test_a_path_that_leaves_the_folder_is_refused(http: httpx2.AsyncClient, path: str) -> None:
    await http.put(f"/orcaops/uploads/blobs/{DIGEST}", content=BODY)
    error = error_of(await http.post("/orcaops/uploads", json=manifest((path, BODY))), 422)
    assert error["findings"][0]["path"] == "files.0.path"


@pytest.mark.parametrize(
    ("content", "boundary"),
    [
        (b"", "b"),
        (b"--b\r\n", "b"),
        (b"no boundary at all", "b"),
        (b'--b\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\nx', "b"),
        (b"--b\r\nContent-Disposition: attachment\r\n\r\nx\r\n--b--\r\n", "b"),
        (b'--b\r\nContent-Disposition: form-data; filename="a"\r\n\r\nx\r\n--b--\r\n', "b"),
        (b'--b\r\nContent-Disposition: form-data; name="files"\r\n\r\nx\r\n--b--\r\n', "b"),
        (b'--b\r\nContent-Disposition: form-data; name="files"; filename="\xff"\r\n\r\nx\r\n--b--\r\n', "b"),
        (b"--b\r\nX: " + b"y" * 9000 + b"\r\n\r\nx\r\n--b--\r\n", "b"),
        (b"--b\r\n" + b"".join(b"X%d: y\r\n" % n for n in range(30)) + b"\r\nx\r\n--b--\r\n", "b"),
        (b"x", ""),
    ],
)
async def test_a_form_that_is_none_is_refused(http: httpx2.AsyncClient, content: bytes, boundary: str) -> None:
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}" if boundary else "multipart/form-data"}
    assert (
        error_of(await http.post("/orcaops/uploads", content=content, headers=headers), 400)["code"] == "invalid_form"
    )


async def test_an_upload_without_a_file_is_refused(http: httpx2.AsyncClient) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    error_of(await http.post("/orcaops/uploads", content=b"--b--\r\n", headers=headers), 422)
    error_of(await http.post("/orcaops/uploads", json={"files": []}), 422)


@pytest.mark.parametrize("upload_id", ["nope", "upl_0mm2c5x1k6v8nq3rt7wz4ybda", "..", "%00"])
async def test_an_unknown_upload_is_not_found(http: httpx2.AsyncClient, upload_id: str) -> None:
    error_of(await http.get(f"/orcaops/uploads/{upload_id}"), 404)


@pytest.mark.parametrize("name", ["x", DIGEST.upper(), DIGEST[:-1]])
async def test_a_file_has_to_be_named_by_a_hash(http: httpx2.AsyncClient, name: str) -> None:
    error_of(await http.put(f"/orcaops/uploads/blobs/{name}", content=BODY), 422)


async def test_a_form_field_that_nobody_knows_is_named(http: httpx2.AsyncClient) -> None:
    files = [("spec", (None, '{"image": "busybox"}')), ("code_file", ("a.py", BODY))]
    error = error_of(await http.post("/orcaops/jobs", files=files), 400)
    assert "code_file" in error["message"]
    assert "code_files" in error["hint"]
    error_of(await http.post("/orcaops/jobs", files=[("code_files", ("a.py", BODY))]), 400)
