"""Hostile requests: always a problem with a place or a name, never a crash, never the refused value."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import Engine, RequestError
from orcaops_mcp.api.app import build_api
from orcaops_mcp.api.bodies import parse_object
from tests.orcaops_mcp.api.conftest import BUSYBOX, error_of, serving, submitted

if TYPE_CHECKING:
    import httpx2

IS_JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "line 1, column 1"),
        (b"{", "line 1, column 2"),
        (b'{"a": 1,\n "b": }', "line 2, column 7"),
        (b'{"a": 1} x', "line 1, column 10"),
        (b"[]", "one JSON object"),
        (b'"x"', "one JSON object"),
        (b"null", "one JSON object"),
        (b'{"a": NaN}', "NaN"),
        (b'{"a": -Infinity}', "-Infinity"),
        (b'{"timeout_s": 1e400}', "too large"),
        (b'{"a": ' + b"9" * 5000 + b"}", "too many digits"),
        (b'{"a": 1, "a": 2}', "twice"),
        (b'{"a": "\\ud800"}', "surrogate"),
        (b'{"a": "\xff"}', "UTF-8"),
        (b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested"),
        ('{"a": 1}'.encode("utf-16"), "UTF-8"),
    ],
)
@pytest.mark.hostile("B24")
async def test_a_body_that_is_not_json_is_refused_with_its_place(
    http: httpx2.AsyncClient, body: bytes, said: str
) -> None:
    error = error_of(await http.post("/orcaops/jobs", content=body, headers=IS_JSON), 400)
    assert error["code"] == "invalid_json"
    assert said in error["message"]


async def test_a_byte_order_mark_does_no_harm(http: httpx2.AsyncClient) -> None:
    body = b'\xef\xbb\xbf{"image": "busybox:latest"}'
    assert (await http.post("/orcaops/jobs", content=body, headers=IS_JSON)).status_code == 201


@pytest.mark.parametrize("kind", ["", "text/plain", "application/x-www-form-urlencoded", "application/xml", "json"])
@pytest.mark.hostile("B21")
async def test_only_json_and_forms_are_taken(http: httpx2.AsyncClient, kind: str) -> None:
    headers = {"Content-Type": kind} if kind else {}
    response = await http.post("/orcaops/jobs", content=b'{"image": "busybox"}', headers=headers)
    assert error_of(response, 415)["code"] == "unsupported_media_type"


async def test_a_body_beyond_four_mebibytes_is_refused(http: httpx2.AsyncClient) -> None:
    body = b'{"image": "' + b"x" * 4_200_000 + b'"}'
    assert error_of(await http.post("/orcaops/jobs", content=body, headers=IS_JSON), 413)["code"] == "body_too_large"


@pytest.mark.parametrize(
    "request_",
    [
        {"image": BUSYBOX, "command": "echo hi"},
        {"image": BUSYBOX, "command": ["a\0b"]},
        {"image": BUSYBOX, "timeout_s": 10**400},
        {"image": BUSYBOX, "retries": 2**63},
        {"image": BUSYBOX, "memory_mb": 0},
        {"image": BUSYBOX, "pids": 0},
        {"image": BUSYBOX, "env": {"A=B": "c"}},
        {"image": BUSYBOX, "env": {"A": "hush-hush\0"}},
        {"image": BUSYBOX, "privileged": True},
        {"image": BUSYBOX, "Command": ["x"]},
        {"image": None},
        {"image": BUSYBOX, "name": "a\nb"},
        {"image": BUSYBOX, "files": ["../x"]},
        {"image": BUSYBOX, "files": {"a": "b"}},
        {"image": BUSYBOX, "workdir": "rel"},
        {"image": BUSYBOX, "artifacts": ["/"]},
        {"runtime": "cobol", "entry": "x"},
        {"image": BUSYBOX, **{f"x{number}": 1 for number in range(300)}},
        {},
    ],
)
@pytest.mark.hostile("B24", "B25")
async def test_a_job_that_cannot_be_is_refused(http: httpx2.AsyncClient, request_: dict[str, Any]) -> None:
    response = await http.post("/orcaops/jobs", json=request_)
    assert response.status_code in (403, 404, 422), response.text
    error_of(response, response.status_code)
    assert "hush-hush" not in response.text
    assert len(response.content) < 20_000


@pytest.mark.parametrize(
    "job_id", ["nope", "..%2f..%2fetc", "%2e%2e", "%00", "job_" + "z" * 10_000, "job_'--", "job_١٢٣", "%ff%fe"]
)
@pytest.mark.hostile("B27")
async def test_an_id_that_cannot_be_is_not_found(http: httpx2.AsyncClient, job_id: str) -> None:
    for path in ("", "/logs", "/artifacts", "/wait", "/events", "/attempts", "/failure", "/logs/stream"):
        error_of(await http.get(f"/orcaops/jobs/{job_id}{path}"), 404)
    error_of(await http.delete(f"/orcaops/jobs/{job_id}"), 404)
    error_of(await http.post(f"/orcaops/jobs/{job_id}/rerun"), 404)


@pytest.mark.parametrize(
    "query",
    [
        "limit=-1",
        "limit=0",
        "limit=201",
        "limit=1000000000000000000000000000000",
        "limit=x",
        "cursor=garbage",
        "cursor=%00",
        "since=yesterday",
        "since=2026-02-30T00:00:00Z",
        "since=-5m",
        "since=99999999w",
        "status=lost",
        "q=a%00b",
        "name=%00",
        "statu=failed",
        "finished=perhaps",
    ],
)
@pytest.mark.hostile("B26")
async def test_a_list_that_cannot_be_is_refused(http: httpx2.AsyncClient, query: str) -> None:
    error = error_of(await http.get(f"/orcaops/jobs?{query}"), 422)
    assert error["code"] == "invalid_argument"


async def test_a_parameter_that_is_almost_right_is_named(http: httpx2.AsyncClient) -> None:
    error = error_of(await http.get("/orcaops/jobs?statu=failed&tagg=x"), 422)
    assert error["findings"] == [
        {"path": "statu", "message": "no such parameter; did you mean status?"},
        {"path": "tagg", "message": "no such parameter; did you mean tag?"},
    ]


@pytest.mark.parametrize(
    "body",
    [{"grace_s": -1}, {"grace_s": 61}, {"reason": "x" * 501}, {"reason": 5}, {"why": "x"}, {"reason": "a\0"}],
)
@pytest.mark.hostile("B31")
async def test_a_cancel_that_cannot_be_stops_nothing(http: httpx2.AsyncClient, body: dict[str, Any]) -> None:
    job_id = (await submitted(http, "sleep", "600"))["job_id"]
    error_of(await http.post(f"/orcaops/jobs/{job_id}/cancel", json=body), 422)
    assert (await http.get(f"/orcaops/jobs/{job_id}")).json()["cancel_requested_at"] is None


async def test_a_key_that_cannot_be_is_refused(http: httpx2.AsyncClient) -> None:
    for key in ("", "x" * 201):
        response = await http.post("/orcaops/jobs", json={"image": BUSYBOX}, headers={"Idempotency-Key": key})
        error_of(response, 422)


@pytest.mark.hostile("B10")
async def test_a_crash_is_told_with_an_id_that_the_log_has_too(caplog: pytest.LogCaptureFixture) -> None:
    def no_engine() -> Engine:
        raise ZeroDivisionError("the secret reason")

    with caplog.at_level(logging.ERROR, logger="orcaops_mcp.api"):
        async with serving(build_api(no_engine)) as served:
            response = await served.http.get("/orcaops/jobs")
    error = error_of(response, 500)
    correlation = error["message"].rpartition(" ")[2].rstrip(".")
    assert "secret" not in response.text
    assert [correlation in record.getMessage() for record in caplog.records] == [True]
    assert caplog.records[0].exc_info is not None


@given(st.binary(max_size=200) | st.text(alphabet='{}[]",:\\ud8001eE+-.naNIfity \n', max_size=60).map(str.encode))
def test_no_bytes_bring_the_reader_down(body: bytes) -> None:
    with suppress(RequestError):
        assert isinstance(parse_object(body), dict)
