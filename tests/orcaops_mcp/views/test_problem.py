from __future__ import annotations

from core import Finding, InvalidSpecError, JobNotFoundError, QueueFullError
from orcaops_mcp.views.problem import problem_view, waiting_headers


def test_an_error_has_its_code_message_hint_and_whether_to_try_again() -> None:
    assert problem_view(JobNotFoundError()) == {
        "code": "job_not_found",
        "message": "There is no job with this id.",
        "hint": JobNotFoundError.default_hint,
        "retryable": False,
    }


def test_however_much_is_wrong_the_view_stays_small() -> None:
    findings = tuple(Finding(f"env.{n}", "x" * 5000, "y" * 5000) for n in range(1000))
    view = problem_view(InvalidSpecError("z" * 1_000_000, findings=findings))
    assert len(view["message"]) == 2000
    assert len(view["findings"]) == 20
    assert view["findings_left_out"] == 980


def test_what_may_work_later_says_when_in_whole_seconds() -> None:
    error = QueueFullError()
    error.retry_after_s = 3.2
    view = problem_view(error)
    assert (view["retryable"], view["retry_after_s"], waiting_headers(view)) == (True, 4, {"Retry-After": "4"})
    assert waiting_headers(problem_view(JobNotFoundError())) == {}
