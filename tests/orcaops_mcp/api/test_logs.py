"""Parts of a log over HTTP, as text and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.orcaops_mcp.api.conftest import error_of, submitted

if TYPE_CHECKING:
    import httpx2

JSON = {"Accept": "application/json"}
COLOURED = r"printf '\033[31mred\033[0m\n'"


@pytest.fixture
async def logs(http: httpx2.AsyncClient) -> str:
    """The log of a job that printed six lines in two steps."""
    steps = ["echo a1; echo a2; echo 'error: a3' >&2", f"echo b1; echo b2; {COLOURED}"]
    job = await submitted(http, commands=steps, wait_s=20)
    return f"/orcaops/jobs/{job['job_id']}/logs"


async def test_the_whole_log_is_text_without_control_codes(http: httpx2.AsyncClient, logs: str) -> None:
    response = await http.get(logs)
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    assert sorted(response.text.splitlines()) == ["a1", "a2", "b1", "b2", "error: a3", "red"]
    assert "\x1b[31mred\x1b[0m\n" in (await http.get(logs, params={"raw": "true"})).text


async def test_a_log_longer_than_a_page_comes_whole(http: httpx2.AsyncClient) -> None:
    job = await submitted(http, "seq", "1", "2500", wait_s=20)
    text = (await http.get(f"/orcaops/jobs/{job['job_id']}/logs")).text
    assert text.splitlines() == [str(number) for number in range(1, 2501)]
    found = (await http.get(f"/orcaops/jobs/{job['job_id']}/logs", params={"grep": "^2?500$"})).text
    assert found.splitlines() == ["500", "2500"]


@pytest.mark.parametrize(
    ("query", "lines"),
    [
        ({"tail": 2}, ["b2", "red"]),
        ({"tail": 0}, []),
        ({"step": 1}, ["b1", "b2", "red"]),
        ({"stream": "stderr"}, ["error: a3"]),
        ({"grep": "^a"}, ["a1", "a2"]),
        ({"grep": "b2", "context": 1}, ["b1", "b2", "red"]),
        ({"errors_only": "true"}, ["error: a3"]),
        ({"since": "2999-01-01T00:00:00Z"}, []),
        ({"since": "1h", "step": 1, "limit": 1}, ["b1"]),
        ({"attempt": 1, "tail": 1}, ["red"]),
    ],
)
async def test_a_part_of_a_log_is_what_was_asked_for(
    http: httpx2.AsyncClient, logs: str, query: dict[str, Any], lines: list[str]
) -> None:
    response = await http.get(logs, params=query)
    assert response.status_code == 200, response.text
    assert response.text.splitlines() == lines


async def test_times_stand_before_lines_when_wanted(http: httpx2.AsyncClient, logs: str) -> None:
    text = (await http.get(logs, params={"tail": 1, "timestamps": "true"})).text
    moment, _, line = text.partition(" ")
    assert (moment[-1], line) == ("Z", "red\n")


async def test_pages_of_lines_join_without_gap_or_repeat(http: httpx2.AsyncClient, logs: str) -> None:
    lines: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await http.get(logs, params={"limit": 2, **cursor}, headers=JSON)).json()
        lines += [line["text"] for line in page["items"]]
        if page["done"]:
            break
        assert len(page["items"]) == 2
        assert page["items"][-1]["cursor"] == page["next_cursor"]
        cursor = {"cursor": page["next_cursor"]}
    assert len(lines) == len(set(lines)) == 6
    assert "\x1b[31mred\x1b[0m" in lines


async def test_a_page_of_text_says_where_to_go_on(http: httpx2.AsyncClient, logs: str) -> None:
    response = await http.get(logs, params={"limit": 4})
    rest = await http.get(logs, params={"cursor": response.headers["orcaops-next-cursor"]})
    assert len(response.text.splitlines() + rest.text.splitlines()) == 6


async def test_the_log_of_a_job_that_has_not_begun_is_empty(http: httpx2.AsyncClient) -> None:
    for _ in range(4):
        await submitted(http, "sleep", "600")
    job = await submitted(http, "echo", "late")
    path = f"/orcaops/jobs/{job['job_id']}/logs"
    assert (await http.get(path)).text == ""
    assert (await http.get(path, headers=JSON)).json()["done"] is False


@pytest.mark.parametrize(
    "query",
    [
        {"tail": -1},
        {"tail": 1, "cursor": "1-1"},
        {"cursor": "x"},
        {"cursor": "9-1"},
        {"attempt": 9},
        {"since": "yesterday"},
        {"since": "2026-13-45"},
        {"grep": "("},
        {"grep": "a" * 1001},
        {"context": 2},
        {"tail": 2, "grep": "x"},
        {"stream": "both"},
        {"step": -1},
        {"limit": 10**30},
        {"grep": "a\0b"},
        {"follow": "true"},
    ],
)
async def test_a_query_that_makes_no_sense_is_refused(
    http: httpx2.AsyncClient, logs: str, query: dict[str, Any]
) -> None:
    assert error_of(await http.get(logs, params=query), 422)["code"] == "invalid_argument"


@pytest.mark.parametrize(
    ("query", "numbers", "matches"),
    [
        ({"q": "1"}, ["a1", "b1"], 2),
        ({"q": "A1"}, ["a1"], 1),
        ({"q": "A1", "case": "true"}, [], 0),
        ({"q": "^[ab]1$", "regex": "true"}, ["a1", "b1"], 2),
        ({"q": "[ab]1"}, [], 0),
        ({"q": "a", "stream": "stderr"}, ["error: a3"], 1),
        ({"q": "1", "step": 1}, ["b1"], 1),
        ({"q": "red"}, ["red"], 1),
        ({"q": "1", "limit": 0}, [], 2),
    ],
)
async def test_a_search_of_the_whole_log_tells_how_many_lines_hold_it_and_which(
    http: httpx2.AsyncClient, logs: str, query: dict[str, Any], numbers: list[str], matches: int
) -> None:
    found = (await http.get(f"{logs}/search", params=query)).json()
    assert [line["text"] for line in found["items"]] == numbers
    assert (found["matches"], found["whole"], found["attempt"], found["total_lines"]) == (matches, True, 1, 6)


async def test_what_a_search_found_comes_in_parts_and_each_line_says_where_it_stands(http: httpx2.AsyncClient) -> None:
    job = await submitted(http, "seq", "1", "250", wait_s=20)
    numbers: list[int] = []
    first: int | None = 1
    while first is not None:
        asked = {"q": "5$", "regex": "true", "limit": 10, "first": first}
        found = (await http.get(f"/orcaops/jobs/{job['job_id']}/logs/search", params=asked)).json()
        numbers += [line["n"] for line in found["items"]]
        assert found["matches"] == 25
        first = found["next_first"]
    assert numbers == list(range(5, 251, 10))
    past = (await http.get(f"/orcaops/jobs/{job['job_id']}/logs/search", params={"q": "5", "first": 1000})).json()
    assert (past["items"], past["next_first"]) == ([], None)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({}, "q: required"),
        ({"q": "("}, ""),
        ({"q": "(", "regex": "true"}, "pattern: "),
        ({"q": "a", "limit": 5000}, "limit"),
        ({"q": "a", "attempt": 2}, "has had 1 so far"),
        ({"q": "a", "service": "db"}, "no service of this name"),
    ],
)
async def test_a_search_that_is_none_is_refused(
    http: httpx2.AsyncClient, logs: str, query: dict[str, Any], words: str
) -> None:
    response = await http.get(f"{logs}/search", params=query)
    if words:
        assert words in error_of(response, 422)["message"]
    else:
        assert response.json()["matches"] == 0
