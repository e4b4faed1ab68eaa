"""Files on their way into jobs: by manifest, as a workspace, in a request's own words."""

from __future__ import annotations

import hashlib
import threading
from typing import TYPE_CHECKING

import anyio
import anyio.from_thread
import anyio.lowlevel
import pytest

from core import (
    EngineSettings,
    HashCache,
    InputFile,
    InvalidArgumentError,
    JobStatus,
    LimitSettings,
    LogQuery,
    NotAdmittedError,
    WorkspaceSettings,
    open_engine,
)
from core.testing.factories import a_job_spec

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from core import Engine, Job, JobSpec


def sha256_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def an_input(path: str, data: bytes) -> InputFile:
    return InputFile(path=path, sha256=sha256_of(data), size=len(data))


async def streamed(*pieces: bytes) -> AsyncGenerator[bytes]:
    for piece in pieces:
        await anyio.lowlevel.checkpoint()
        yield piece


async def run(engine: Engine, spec: JobSpec) -> Job:
    with anyio.fail_after(60):
        return await engine.wait_for_job((await engine.submit_job(spec)).job.job_id)


async def printed(engine: Engine, job: Job) -> list[str]:
    return [line.text for line in (await engine.read_logs(job.job_id, LogQuery())).lines]


async def test_only_bytes_that_are_missing_are_sent_and_then_the_manifest_is_an_upload(engine: Engine) -> None:
    one, two = an_input("a/one", b"one"), an_input("two", b"two")
    assert await engine.missing_files([one.sha256, two.sha256, one.sha256]) == (one.sha256, two.sha256)
    await engine.put_file(one.sha256, streamed(b"o", b"n", b"e"))
    assert await engine.missing_files([one.sha256, two.sha256]) == (two.sha256,)
    assert await engine.store_file(streamed(b"tw", b"o")) == (two.sha256, 3)
    upload = await engine.register_upload([one, two])
    assert await engine.get_upload(upload.upload_id) == upload
    job = await run(engine, a_job_spec(command=("cat", "a/one"), files=upload.files))
    assert await printed(engine, job) == ["one"]


async def test_bytes_of_another_hash_are_refused_and_not_kept(engine: Engine) -> None:
    claimed = sha256_of(b"promised")
    with pytest.raises(InvalidArgumentError, match="another hash"):
        await engine.put_file(claimed, streamed(b"something else"))
    assert await engine.missing_files([claimed, sha256_of(b"something else")]) == (
        claimed,
        sha256_of(b"something else"),
    )


async def test_a_stream_without_end_is_cut_off(engine: Engine, settings: EngineSettings) -> None:
    async def for_ever() -> AsyncGenerator[bytes]:
        while True:
            await anyio.lowlevel.checkpoint()
            yield b"x" * 1000

    with pytest.raises(InvalidArgumentError, match="larger than 5000 bytes"):
        await engine.store_file(for_ever(), max_bytes=5000)
    assert not [path async for path in anyio.Path(settings.home / "parts").iterdir()]


async def test_a_manifest_is_refused_while_bytes_are_missing_and_each_is_named(engine: Engine) -> None:
    here = await engine.store_file(streamed(b"here"))
    with pytest.raises(InvalidArgumentError, match="the bytes of gone are not here") as refused:
        await engine.register_upload(
            [
                InputFile(path="a", sha256=here.sha256, size=4),
                an_input("gone", b"never sent"),
                InputFile(path="b", sha256=here.sha256, size=5),
            ]
        )
    assert [finding.path for finding in refused.value.findings] == ["files.1", "files.2.size"]


@pytest.mark.parametrize("hashes", [["x"], ["A" * 64], ["../" + "0" * 61], ["0" * 63]])
async def test_what_is_no_hash_is_refused(engine: Engine, hashes: list[str]) -> None:
    with pytest.raises(InvalidArgumentError, match="sha256"):
        await engine.missing_files(hashes)
    with pytest.raises(InvalidArgumentError, match="sha256"):
        await engine.put_file(hashes[0], streamed(b""))


async def test_an_empty_manifest_one_path_twice_and_too_much_are_refused(tmp_path: Path) -> None:
    settings = EngineSettings(
        home=tmp_path / "home",
        backend="simulated",
        limits=LimitSettings(upload_files=2, upload_bytes=10),
        workspace=WorkspaceSettings(files=2, bytes=10),
    )
    async with open_engine(settings) as engine:
        blob = await engine.store_file(streamed(b"12345"))
        entry = InputFile(path="a", sha256=blob.sha256, size=5)
        for files, words in (
            ([], "nothing"),
            ([entry, entry], "twice"),
            ([entry.model_copy(update={"path": str(index)}) for index in range(3)], "at most 2"),
            ([an_input("a", b"x" * 11)], "more than 10 bytes"),
        ):
            with pytest.raises(InvalidArgumentError, match=words):
                await engine.register_upload(files)


async def test_beyond_what_all_uploads_may_have_nothing_more_is_taken_and_what_is_here_is_no_more(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "file").write_bytes(b"x" * 60)
    limits = LimitSettings(uploads_total_bytes=100)
    async with open_engine(EngineSettings(home=tmp_path / "home", backend="simulated", limits=limits)) as engine:
        await engine.upload_files({"a": b"x" * 60})
        for _ in range(3):  # the same bytes, which are here
            await engine.upload_files({"b": b"x" * 60})
            await engine.snapshot_folder(folder)
        (folder / "file").write_bytes(b"y" * 60)
        with pytest.raises(NotAdmittedError, match="no room"):
            await engine.upload_files({"a": b"y" * 60})
        with pytest.raises(NotAdmittedError, match="no room"):
            await engine.snapshot_folder(folder)
        with pytest.raises(NotAdmittedError, match="no room"):
            await engine.store_file(streamed(b"y" * 30, b"y" * 30))
        await engine.store_file(streamed(b"z" * 20, b"z" * 20))


async def test_a_job_is_not_admitted_while_bytes_it_names_are_missing(engine: Engine) -> None:
    with pytest.raises(NotAdmittedError, match="not here"):
        await engine.submit_job(a_job_spec(files=(an_input("a", b"never sent"),)))


async def test_more_files_than_one_job_may_have_are_not_admitted(tmp_path: Path) -> None:
    settings = EngineSettings(home=tmp_path / "home", backend="simulated", limits=LimitSettings(input_bytes=3))
    async with open_engine(settings) as engine:
        upload = await engine.upload_files({"a": b"1234"})
        with pytest.raises(NotAdmittedError, match="files"):
            await engine.submit_job(a_job_spec(files=upload.files))


def a_project(folder: Path) -> Path:
    for path, text in {
        "src/main.sh": "cat data.txt\n",
        "data.txt": "from the folder\n",
        ".gitignore": "node_modules/\n",
        "node_modules/huge": "left out",
    }.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    return folder


async def test_a_job_works_in_a_snapshot_and_the_second_one_copies_only_what_changed(
    engine: Engine, tmp_path: Path
) -> None:
    project = a_project(tmp_path / "project")
    first = await engine.snapshot_folder(project)
    assert (first.files, first.new_files) == (3, 3)
    assert first.new_bytes == first.bytes
    job = await run(engine, a_job_spec(commands=["sh src/main.sh"], files=first.upload.files))
    assert (job.status, await printed(engine, job)) == (JobStatus.SUCCESS, ["from the folder"])
    again = await engine.snapshot_folder(project)
    assert (again.upload.files, again.new_files, again.new_bytes) == (first.upload.files, 0, 0)
    await anyio.Path(project / "data.txt").write_text("changed\n", encoding="utf-8")
    third = await engine.snapshot_folder(project)
    assert (third.files, third.new_files, third.new_bytes) == (3, 1, 8)


async def test_the_engines_own_home_is_not_sent_with_the_folder_it_lies_in(
    engine: Engine, settings: EngineSettings, tmp_path: Path
) -> None:
    await anyio.Path(tmp_path / "a").write_bytes(b"")
    snapshot = await engine.snapshot_folder(tmp_path)
    assert [file.path for file in snapshot.upload.files] == ["a"]
    with pytest.raises(NotAdmittedError, match="own home"):
        await engine.allowed_folder(settings.home, tmp_path)


async def test_an_empty_folder_is_refused(engine: Engine, tmp_path: Path) -> None:
    await anyio.Path(tmp_path / "empty").mkdir()
    with pytest.raises(InvalidArgumentError, match="no file to send"):
        await engine.snapshot_folder(tmp_path / "empty")


async def test_many_files_are_copied_at_once(engine: Engine, tmp_path: Path) -> None:
    project = tmp_path / "many"
    project.mkdir()
    for index in range(300):
        (project / f"{index}").write_bytes(b"%d" % (index % 200))
    snapshot = await engine.snapshot_folder(project)
    assert (snapshot.files, snapshot.new_files) == (300, 200)
    assert await engine.missing_files(file.sha256 for file in snapshot.upload.files) == ()


async def test_a_snapshot_that_nobody_waits_for_any_more_ends_between_two_files(engine: Engine, tmp_path: Path) -> None:
    project = a_project(tmp_path / "project")
    reading, go_on = anyio.Event(), threading.Event()

    def at_the_first_file() -> int:
        if not go_on.is_set():
            anyio.from_thread.run_sync(reading.set)
            go_on.wait(10)
        return 0

    cache = engine._uploads._cache = HashCache(now_ns=at_the_first_file)
    with anyio.fail_after(60):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(engine.snapshot_folder, project)
            await reading.wait()
            tasks.cancel_scope.cancel()
            go_on.set()
        assert cache.reads == 1
        assert (await engine.snapshot_folder(project)).new_files == 3


@pytest.mark.parametrize("becomes", ["another text", "gone"])
async def test_a_file_that_changes_between_its_listing_and_its_copy(
    engine: Engine, tmp_path: Path, becomes: str
) -> None:
    project = a_project(tmp_path / "project")

    def after_the_listing() -> int:
        if becomes == "gone":
            (project / "data.txt").unlink(missing_ok=True)
        else:
            (project / "src" / "main.sh").write_text(becomes, encoding="utf-8")
        return 0

    engine._uploads._cache = HashCache(now_ns=after_the_listing)
    if becomes == "gone":  # as if it had never been there
        assert (await engine.snapshot_folder(project)).files == 2
        return
    await engine.snapshot_folder(project)
    files = {file.path: file for file in (await engine.snapshot_folder(project)).upload.files}
    assert files["src/main.sh"].sha256 == sha256_of(becomes.encode())


async def test_of_very_many_missing_files_the_first_are_named(engine: Engine) -> None:
    with pytest.raises(InvalidArgumentError, match="and 10 more") as refused:
        await engine.register_upload([an_input(f"{index}", b"%d" % index) for index in range(30)])
    assert len(refused.value.findings) == 30
    with pytest.raises(InvalidArgumentError, match="at most"):
        await engine.missing_files(f"{index:064x}" for index in range(20_001))
