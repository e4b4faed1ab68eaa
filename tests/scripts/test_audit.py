from __future__ import annotations

from typing import Any

from scripts.auditing.report import read_audit


def test_a_known_vulnerability_is_named_with_the_version_that_mends_it() -> None:
    fault = {"id": "PYSEC-2026-7", "fix_versions": ["2.1", "3.0"]}
    answer: dict[str, Any] = {
        "dependencies": [
            {"name": "left", "version": "2.0", "vulns": [fault]},
            {"name": "right", "version": "1", "vulns": []},
        ]
    }
    audit = read_audit(answer)
    assert not audit.is_sound
    assert audit.lines == (
        "audit: left 2.0: PYSEC-2026-7, mended in 2.1, 3.0",
        "audit: 1 known vulnerabilities in 2 locked dependencies",
    )


def test_what_the_index_does_not_know_is_counted_and_said() -> None:
    unknown: dict[str, Any] = {"name": "ours", "skip_reason": "not found"}
    known: dict[str, Any] = {"name": "right", "version": "1", "vulns": []}
    assert read_audit({"dependencies": [unknown, known]}).lines == (
        "audit: no known vulnerability in 1 locked dependencies; 1 more are not known to the index",
    )
    nothing = read_audit({"dependencies": [unknown]})
    assert nothing.is_sound
    assert nothing.lines == ("audit: the index knows none of the 1 locked dependencies; nothing was audited",)
