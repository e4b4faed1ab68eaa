from __future__ import annotations

from core import Finding, InvalidSpecError, JobNotFoundError
from orcaops_mcp.views.problem import problem_view


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
