"""Which of several complaints is the cause."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core.logs.diagnose import find_cause

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.records.log import LogLine

    LogOf = Callable[..., list[LogLine]]

_TRACEBACK = (
    "Traceback (most recent call last):",
    '  File "/app/app.py", line 2, in divide',
    "    return a / b",
    "ZeroDivisionError: division by zero",
)
_ZERO_DIVISION = "ZeroDivisionError: division by zero at /app/app.py:2 in divide"
_COMPILE_ERROR = "main.c:5:5: error: unknown type name"
_COMPILE_HEADLINE = "unknown type name at main.c:5"


def _headline(lines: list[LogLine], exit_code: int | None = 1) -> str:
    cause = find_cause(lines, exit_code=exit_code).cause
    assert cause is not None
    return cause.headline


@pytest.mark.parametrize(
    "noise",
    [
        "make: *** [Makefile:4: main.o] Error 1",
        "make[2]: *** [src/Makefile:4: main.o] Error 2",
        "npm ERR! code ELIFECYCLE",
        'error: could not compile `shop` (bin "shop") due to 1 previous error',
        "error Command failed with exit code 2.",
        'ERROR: process "/bin/sh -c make" did not complete successfully: exit code: 2',
        "The command '/bin/sh -c make' returned a non-zero code: 2",
        "Error: Process completed with exit code 2.",
        "collect2: error: ld returned 1 exit status",
        "bash: line 1: 12129 Aborted                 ./build",
        "subprocess.CalledProcessError: Command '['make']' returned non-zero exit status 2.",
        "rm: cannot remove 'build': No such file or directory",
        "ERROR: build failed",
    ],
)
@pytest.mark.parametrize("noise_comes_first", [False, True])
def test_a_compile_error_beats_the_noise_around_it(noise: str, noise_comes_first: bool, log_of: LogOf) -> None:
    lines = [noise, _COMPILE_ERROR] if noise_comes_first else [_COMPILE_ERROR, noise]
    assert _headline(log_of(lines)) == _COMPILE_HEADLINE


def test_the_first_of_two_compile_errors_is_the_cause(log_of: LogOf) -> None:
    assert _headline(log_of([_COMPILE_ERROR, "main.c:9:1: error: expected ';'"])) == _COMPILE_HEADLINE


def test_the_child_that_failed_beats_the_parent_that_reports_it(log_of: LogOf) -> None:
    parent = (
        "Traceback (most recent call last):",
        '  File "/app/run.py", line 9, in <module>',
        "subprocess.CalledProcessError: Command '['python', 'app.py']' returned non-zero exit status 1.",
    )
    assert _headline(log_of([*_TRACEBACK, *parent])) == _ZERO_DIVISION


def test_an_exception_that_ends_the_program_beats_those_it_logged(log_of: LogOf) -> None:
    logged = (
        "ERROR:root:attempt failed",
        _TRACEBACK[0],
        _TRACEBACK[1],
        "ConnectionRefusedError: [Errno 111] Connection refused",
    )
    assert _headline(log_of([*logged, *logged, "giving up", *_TRACEBACK])) == _ZERO_DIVISION


def test_of_logged_exceptions_alone_the_last_is_the_cause(log_of: LogOf) -> None:
    first = ("ERROR:root:attempt 1 failed", *_TRACEBACK[:3], "ValueError: one")
    second = ("ERROR:root:attempt 2 failed", *_TRACEBACK[:3], "ValueError: two")
    assert _headline(log_of([*first, *second])).startswith("ValueError: two")


def test_a_test_runner_s_verdict_beats_the_tracebacks_its_tests_print(log_of: LogOf) -> None:
    verdict = (
        "____ test_total ____",
        "",
        ">   assert 1 == 2",
        "E   assert 1 == 2",
        "",
        "test_shop.py:3: AssertionError",
    )
    cause = find_cause(log_of([*_TRACEBACK, *verdict]), exit_code=1).cause
    assert cause is not None
    assert (cause.kind, cause.headline) == ("pytest", "test_total: assert 1 == 2 at test_shop.py:3")


def test_a_process_that_was_killed_beats_what_it_complained_of_before(log_of: LogOf) -> None:
    lines = [*_TRACEBACK, "run.sh: line 3:    12 Killed                  python train.py"]
    cause = find_cause(log_of(lines), exit_code=137).cause
    assert cause is not None
    assert (cause.kind, cause.headline) == ("out_of_memory", "Killed: python train.py")


def test_an_unreachable_index_beats_the_package_pip_did_not_find_there(log_of: LogOf) -> None:
    lines = [
        "WARNING: Retrying (Retry(total=0)) after connection broken by 'Error(Name or service not known)': /simple/x/",
        "ERROR: Could not find a version that satisfies the requirement x (from versions: none)",
    ]
    cause = find_cause(log_of(lines), exit_code=1).cause
    assert cause is not None
    assert cause.kind == "network_dns"


def test_a_traceback_on_stderr_stays_whole_among_lines_of_stdout(log_of: LogOf) -> None:
    errors = [line for number, text in enumerate(_TRACEBACK) for line in log_of([text], "stderr", first=2 * number + 1)]
    chatter = [line for number in range(4) for line in log_of(["INFO working"], first=2 * number + 2)]
    lines = sorted([*errors, *chatter], key=lambda line: line.number)
    diagnosis = find_cause(lines, exit_code=1)
    assert diagnosis.cause is not None
    assert (diagnosis.cause.headline, diagnosis.cause.line) == (_ZERO_DIVISION, 7)


def test_colours_and_overwritten_text_do_not_hide_the_cause(log_of: LogOf) -> None:
    lines = ["10%\r50%\r\x1b[1mmain.c:5:5:\x1b[0m \x1b[31merror: \x1b[0munknown type name\x1b[K"]
    assert _headline(log_of(lines)) == _COMPILE_HEADLINE


def test_the_rest_of_a_line_that_was_too_long_is_no_complaint(log_of: LogOf) -> None:
    begun, rest = log_of(["x" * 65536, "error: only the middle of a line"])
    begun = type(begun)(begun.number, begun.at, begun.stream, begun.step, begun.text, continued=True)
    assert find_cause([begun, rest], exit_code=1).cause is None


def test_what_the_engine_notes_is_no_complaint_of_the_job(log_of: LogOf) -> None:
    lines = log_of(["error: 120 lines were not kept here"], "engine")
    diagnosis = find_cause(lines, exit_code=1)
    assert diagnosis.cause is None
    assert diagnosis.excerpts[0].lines == ("error: 120 lines were not kept here",)


@pytest.mark.parametrize(
    ("exit_code", "kind"),
    [
        (124, "timeout"),
        (126, "permission_denied"),
        (127, "shell_command_not_found"),
        (137, "out_of_memory"),
        (139, "segfault"),
    ],
)
def test_an_exit_code_speaks_when_the_log_does_not(exit_code: int, kind: str, log_of: LogOf) -> None:
    cause = find_cause(log_of(["working"]), exit_code=exit_code).cause
    assert cause is not None
    assert (cause.kind, cause.line) == (kind, 0)
    assert f"exit code {exit_code}" in cause.headline


def test_a_signal_beats_a_line_that_merely_calls_itself_an_error(log_of: LogOf) -> None:
    assert _headline(log_of(["ERROR: one row skipped"]), 137).endswith("exit code 137")
    assert _headline(log_of(["ERROR: one row skipped"]), 1) == "ERROR: one row skipped"


@pytest.mark.parametrize("text", ["", "all good", "0 errors, 0 failed", "error handling is on", "42 passed in 1.2s"])
def test_harmless_output_has_no_cause(text: str, log_of: LogOf) -> None:
    assert find_cause(log_of(text), exit_code=1).cause is None
