"""Files of jobs over HTTP: conditions, ranges, encodings, and headers that let no browser run them."""

from __future__ import annotations

import gzip
import hashlib
from typing import TYPE_CHECKING

import pytest

from orcaops_mcp.views.artifact_bytes import disposition
from tests.orcaops_mcp.api.conftest import error_of, submitted

if TYPE_CHECKING:
    import httpx2

TEXT = b"0123456789\n"
DIGEST = hashlib.sha256(TEXT).hexdigest()
PLAIN = {"Accept-Encoding": "identity"}


@pytest.fixture
async def files(http: httpx2.AsyncClient) -> str:
    """The artifacts of a job that left a small file, a large one and a page."""
    script = "echo 0123456789 > small.txt; seq 1 60000 > large.txt; mkdir -p out; echo '<b>x</b>' > out/page.html"
    job = await submitted(http, script=script, artifacts=["*.txt", "out/**", "absent/*"], wait_s=20)
    assert job["status"] == "success", job
    return f"/orcaops/jobs/{job['job_id']}/artifacts"


async def test_artifacts_are_listed_with_what_was_not_found(http: httpx2.AsyncClient, files: str) -> None:
    items = (await http.get(files)).json()["items"]
    assert {item["path"]: item["state"] for item in items} == {
        "small.txt": "kept",
        "large.txt": "kept",
        "out/page.html": "kept",
        "absent/*": "missing",
    }
    only = (await http.get(files, params={"pattern": "out/*"})).json()["items"]
    assert [item["path"] for item in only] == ["out/page.html"]


@pytest.mark.hostile("B78")
async def test_a_file_is_a_download_that_no_browser_runs(http: httpx2.AsyncClient, files: str) -> None:
    response = await http.get(f"{files}/out/page.html")
    assert response.content == b"<b>x</b>\n"
    assert response.headers["content-disposition"] == 'attachment; filename="page.html"'
    assert response.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert response.headers["x-content-type-options"] == "nosniff"


async def test_what_is_known_is_not_sent_again(http: httpx2.AsyncClient, files: str) -> None:
    first = await http.get(f"{files}/small.txt", headers=PLAIN)
    assert (first.content, first.headers["etag"]) == (TEXT, f'"{DIGEST}"')
    for known in (f'"{DIGEST}"', f'W/"{DIGEST}"', f'"x", "{DIGEST}"', "*"):
        response = await http.get(f"{files}/small.txt", headers={"If-None-Match": known})
        assert (response.status_code, response.content) == (304, b"")
    assert (await http.get(f"{files}/small.txt", headers={"If-None-Match": '"x"'})).status_code == 200


@pytest.mark.parametrize(
    ("asked", "content", "said"),
    [
        ("bytes=0-3", b"0123", "bytes 0-3/11"),
        ("bytes=4-", b"456789\n", "bytes 4-10/11"),
        ("bytes=-3", b"89\n", "bytes 8-10/11"),
        ("bytes=-100", TEXT, "bytes 0-10/11"),
        ("bytes=5-999", b"56789\n", "bytes 5-10/11"),
        ("Bytes = 2-2", b"2", "bytes 2-2/11"),
    ],
)
async def test_a_range_is_sent_alone(
    http: httpx2.AsyncClient, files: str, asked: str, content: bytes, said: str
) -> None:
    response = await http.get(f"{files}/small.txt", headers={"Range": asked})
    assert (response.status_code, response.content) == (206, content)
    assert response.headers["content-range"] == said


@pytest.mark.parametrize("asked", ["bytes=5-2", "bytes=-", "lines=1-2", "bytes=a-b", "bytes=0-1,4-5", "bytes=1" * 50])
@pytest.mark.hostile("B29")
async def test_what_is_no_range_is_passed_over(http: httpx2.AsyncClient, files: str, asked: str) -> None:
    response = await http.get(f"{files}/small.txt", headers={"Range": asked})
    assert (response.status_code, response.content) == (200, TEXT)


@pytest.mark.parametrize("asked", ["bytes=11-", "bytes=999999999999999999-", "bytes=-0"])
@pytest.mark.hostile("B29")
async def test_a_range_without_a_byte_is_refused(http: httpx2.AsyncClient, files: str, asked: str) -> None:
    response = await http.get(f"{files}/small.txt", headers={"Range": asked})
    assert error_of(response, 416)["code"] == "range_not_satisfiable"
    assert response.headers["content-range"] == "bytes */11"


async def test_a_range_of_another_file_is_the_whole_file(http: httpx2.AsyncClient, files: str) -> None:
    asked = {"Range": "bytes=0-3", "If-Range": '"other"'}
    assert (await http.get(f"{files}/small.txt", headers=asked)).status_code == 200
    asked["If-Range"] = f'"{DIGEST}"'
    assert (await http.get(f"{files}/small.txt", headers=asked)).status_code == 206


async def test_a_large_text_travels_packed_and_its_ranges_plain(http: httpx2.AsyncClient, files: str) -> None:
    whole = "".join(f"{number}\n" for number in range(1, 60_001)).encode()
    async with http.stream("GET", f"{files}/large.txt", headers={"Accept-Encoding": "gzip"}) as response:
        packed = b"".join([piece async for piece in response.aiter_raw()])
    assert response.headers["content-encoding"] == "gzip"
    assert response.headers["etag"] == f'W/"{hashlib.sha256(whole).hexdigest()}"'
    assert gzip.decompress(packed) == whole
    assert len(packed) == int(response.headers["content-length"]) < len(whole) / 2
    plain = await http.get(f"{files}/large.txt", headers={"Accept-Encoding": "gzip;q=0, identity"})
    assert (plain.content, "content-encoding" in plain.headers) == (whole, False)
    part = await http.get(f"{files}/large.txt", headers={"Accept-Encoding": "gzip", "Range": "bytes=100000-100009"})
    assert (part.status_code, part.content) == (206, whole[100_000:100_010])


async def test_head_says_what_get_would(http: httpx2.AsyncClient, files: str) -> None:
    seen = await http.get(f"{files}/small.txt", headers=PLAIN)
    looked = await http.head(f"{files}/small.txt", headers=PLAIN)
    assert looked.content == b""
    for name in ("content-length", "content-type", "etag", "content-disposition"):
        assert looked.headers[name] == seen.headers[name]


@pytest.mark.parametrize("path", ["no.txt", "../../../etc/passwd", "%2e%2e/x", "absent/*", "%00", "small.txt/", "%ff"])
async def test_what_was_not_kept_is_not_found(http: httpx2.AsyncClient, files: str, path: str) -> None:
    response = await http.get(f"{files}/{path}")
    assert error_of(response, 404)["code"] in ("artifact_not_found", "no_such_path")


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("a/b/report.txt", 'attachment; filename="report.txt"'),
        ('a"b.txt', "attachment; filename=\"a_b.txt\"; filename*=UTF-8''a%22b.txt"),
        ("a\r\nSet-Cookie: x", "attachment; filename=\"a__Set-Cookie__x\"; filename*=UTF-8''a%0D%0ASet-Cookie%3A%20x"),
        ("../../naïve", "attachment; filename=\"na_ve\"; filename*=UTF-8''na%C3%AFve"),
        ("\udcff", "attachment; filename=\"_\"; filename*=UTF-8''%3F"),
        ("/", 'attachment; filename="artifact"'),
    ],
)
@pytest.mark.hostile("B28", "B36")
def test_a_name_cannot_leave_its_header(path: str, said: str) -> None:
    assert disposition(path) == said
