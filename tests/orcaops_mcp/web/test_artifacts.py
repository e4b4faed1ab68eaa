"""Files that jobs left, on pages: lists, looks, downloads. Nothing of them is ever active."""

from __future__ import annotations

import gzip
import io
import tarfile
from typing import TYPE_CHECKING

import anyio.to_thread
import pytest

from orcaops_mcp.web.preview import preview
from tests.orcaops_mcp.web.conftest import a_job, words_of

if TYPE_CHECKING:
    import httpx2

    from core import Engine, Job

PNG = "\\211PNG\\r\\n\\032\\n0000"
MAKES = (
    "mkdir -p out; echo plain > out/a.txt; echo '{\"b\":[1]}' > out/b.json; printf 'x,y\\n1,<i>2</i>\\n' > out/c.csv;"
    f" printf '{PNG}' > out/d.png; echo '<script>alert(1)</script>' > out/e.html; echo no > out/f.png;"
    " echo data > out/g.bin"
)


async def made(engine: Engine) -> Job:
    return await a_job(engine, "sh", "-c", MAKES, artifacts=["out/*"], name="maker")


async def test_a_jobs_files_are_listed_with_what_can_be_done(pages: httpx2.AsyncClient, engine: Engine) -> None:
    job = await made(engine)
    page = await pages.get(f"/jobs/{job.job_id}?tab=artifacts")
    words = words_of(page)
    assert "7 files kept Download all (.tar.gz)" in words
    assert f'href="/jobs/{job.job_id}/preview/out/a.txt"' in page.text
    assert f'href="/jobs/{job.job_id}/preview/out/g.bin"' not in page.text
    assert f'href="/jobs/{job.job_id}/artifacts/out/g.bin"' in page.text


async def test_a_job_without_files_says_how_to_keep_some(pages: httpx2.AsyncClient, engine: Engine) -> None:
    job = await a_job(engine)
    assert "No files were kept" in words_of(await pages.get(f"/jobs/{job.job_id}?tab=artifacts"))
    none = await pages.get(f"/jobs/{job.job_id}/artifacts.tar.gz")
    assert (none.status_code, "No file was kept" in words_of(none)) == (404, True)
    assert "No files were kept yet" in words_of(await pages.get("/artifacts"))


async def test_files_of_all_jobs_are_listed_and_found_by_file_and_job(
    pages: httpx2.AsyncClient, engine: Engine
) -> None:
    await a_job(engine, "sh", "-c", "echo 1 > one.txt", artifacts=["one.txt"], name="first")
    await made(engine)
    words = words_of(await pages.get("/artifacts"))
    assert words.index("out/a.txt") < words.index("one.txt")
    assert "out/a.txt" not in words_of(await pages.get("/artifacts?q=ONE"))
    assert "out/a.txt" in words_of(await pages.get("/artifacts?q=maker"))
    assert "No files match" in words_of(await pages.get("/artifacts?q=nothing"))
    assert (await pages.get("/artifacts?before=x")).status_code == 422


async def test_text_json_tables_and_pictures_are_shown_and_html_only_as_its_source(
    pages: httpx2.AsyncClient, engine: Engine
) -> None:
    job = await made(engine)
    at = f"/jobs/{job.job_id}/preview/out"
    assert "plain" in words_of(await pages.get(f"{at}/a.txt"))
    assert '{ "b": [ 1 ] }' in words_of(await pages.get(f"{at}/b.json"))
    table = await pages.get(f"{at}/c.csv")
    assert "<td>&lt;i&gt;2&lt;/i&gt;</td>" in table.text
    html = await pages.get(f"{at}/e.html")
    assert "&lt;script&gt;alert(1)" in html.text
    assert "<script>alert" not in html.text
    shown = await pages.get(f"{at}/d.png")
    assert f'src="/jobs/{job.job_id}/picture/out/d.png"' in shown.text
    assert "not the picture that its name says" in words_of(await pages.get(f"{at}/f.png"))
    assert (await pages.get(f"{at}/g.bin")).status_code == 422


async def test_only_real_pictures_are_served_to_be_shown(pages: httpx2.AsyncClient, engine: Engine) -> None:
    job = await made(engine)
    at = f"/jobs/{job.job_id}/picture/out"
    picture = await pages.get(f"{at}/d.png")
    assert (picture.status_code, picture.headers["content-type"]) == (200, "image/png")
    assert picture.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert picture.headers["x-content-type-options"] == "nosniff"
    assert [(await pages.get(f"{at}/{name}")).status_code for name in ("e.html", "f.png", "a.txt")] == [404] * 3


async def test_a_download_is_never_shown(pages: httpx2.AsyncClient, engine: Engine) -> None:
    job = await made(engine)
    answer = await pages.get(f"/jobs/{job.job_id}/artifacts/out/e.html")
    assert answer.text == "<script>alert(1)</script>\n"
    assert answer.headers["content-disposition"] == 'attachment; filename="e.html"'
    assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert answer.headers["x-content-type-options"] == "nosniff"
    part = await pages.get(f"/jobs/{job.job_id}/artifacts/out/e.html", headers={"Range": "bytes=0-7"})
    assert (part.status_code, part.text) == (206, "<script>")


async def test_all_files_come_in_one_archive(pages: httpx2.AsyncClient, engine: Engine) -> None:
    job = await made(engine)
    answer = await pages.get(f"/jobs/{job.job_id}/artifacts.tar.gz")
    assert answer.headers["content-disposition"] == f'attachment; filename="{job.job_id}-artifacts.tar.gz"'
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(answer.content))) as archive:
        files = {member.name: archive.extractfile(member) for member in archive}
        assert sorted(files) == [
            f"out/{name}" for name in ("a.txt", "b.json", "c.csv", "d.png", "e.html", "f.png", "g.bin")
        ]
        kept = files["out/a.txt"]
        assert kept is not None
        assert kept.read() == b"plain\n"


async def test_a_file_that_is_gone_from_the_disk_is_said_to_be(pages: httpx2.AsyncClient, engine: Engine) -> None:
    job = await made(engine)
    stored = await engine.open_artifact(job.job_id, "out/a.txt")
    await anyio.to_thread.run_sync(stored.file.unlink)
    assert words_of(await pages.get("/artifacts")).count("Listed but gone from disk") == 1
    assert "Listed but gone from disk" in words_of(await pages.get(f"/jobs/{job.job_id}?tab=artifacts"))
    for way in ("artifacts", "preview"):
        answer = await pages.get(f"/jobs/{job.job_id}/{way}/out/a.txt")
        assert (answer.status_code, "listed but gone from the disk" in words_of(answer)) == (404, True)
    archive = await pages.get(f"/jobs/{job.job_id}/artifacts.tar.gz")
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(archive.content))) as members:
        assert "out/a.txt" not in members.getnames()


@pytest.mark.parametrize(
    ("path", "way", "data", "shown"),
    [
        ("a.csv", "table", b'"unclosed\n', "unclosed"),
        ("a.json", "json", b"{not json", "{not json"),
        ("a.json", "json", b"[" * 100_000, "["),
        ("a.txt", "text", b"\xff\xfe", "\ufffd"),
        ("a.txt", "text", b"a\0b", "not text"),
        ("a.tsv", "table", b"", ""),
    ],
)
def test_whatever_a_file_holds_its_beginning_is_shown_as_far_as_it_is_text(
    path: str, way: str, data: bytes, shown: str
) -> None:
    seen = preview(path, way, data, is_whole=True)
    assert shown in f"{seen.text} {seen.rows} {seen.note}"
