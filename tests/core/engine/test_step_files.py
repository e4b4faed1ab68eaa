"""The files that steps write for others."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.engine.step_files import MalformedFileError, read_outputs, read_summary, read_variables


@pytest.mark.parametrize(
    ("data", "outputs"),
    [
        (b"", {}),
        (b"\n\n", {}),
        (b"version=1.2", {"version": "1.2"}),
        (b"a=1\r\nb=2\r\n", {"a": "1", "b": "2"}),
        (b"a=x=y", {"a": "x=y"}),
        (b"a=", {"a": ""}),
        (b"a=1\na=2\n", {"a": "2"}),
        (b"a=b<<c\n", {"a": "b<<c"}),
        (b"a<<EOF\nx\n\ny\nEOF\nb=1\n", {"a": "x\n\ny", "b": "1"}),
        (b"a<<EOF\r\nx\r\nEOF\r\n", {"a": "x"}),
        (b"a<<EOF\nEOF", {"a": ""}),
        (b"a<<E=F\n1\nE=F\n", {"a": "1"}),
        (b"a<<EOF\nEOF \n EOF\nEOF\n", {"a": "EOF \n EOF"}),
        (b"a-b_C=\ttab\n", {"a-b_C": "\ttab"}),
        ("a=é\n".encode(), {"a": "é"}),
    ],
)
def test_outputs_are_lines_or_texts_up_to_a_delimiter(data: bytes, outputs: dict[str, str]) -> None:
    assert read_outputs(data) == outputs


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"a=1\nhello\n", "line 2: Invalid format 'hello'"),
        (b"=1\n", "line 1: Invalid format '=1': the name is empty"),
        (b"a b=1\n", "line 1: 'a b' is no name: letters, digits, '_' and '-', no digit or '-' first"),
        (b"<<EOF\nEOF\n", "line 1: Invalid format '<<EOF': the name is empty"),
        (b"\na<<EOF\nx\n", "line 2: Matching delimiter not found 'EOF'"),
        (b"a<<\nx\n", "line 1: Invalid format: the delimiter after << is empty"),
        (b"a=1\nb=\x1b[31m\n", "line 2: the output b holds control characters"),
        (b"a=x\ry\n", "line 1: the output a holds control characters"),
        (b"a=\0\n", "line 1: the output a holds control characters"),
        (b"a=1\n\xff=2\n", "line 2: not UTF-8"),
    ],
)
@pytest.mark.hostile("B50")
def test_a_malformed_outputs_file_is_refused_with_the_line(data: bytes, message: str) -> None:
    with pytest.raises(MalformedFileError) as caught:
        read_outputs(data)
    assert str(caught.value) == message


@given(st.binary() | st.text(st.sampled_from("ab=<\n\r\0 é")).map(str.encode))
@example(b"a<<" + b"x" * 10_000)
@pytest.mark.hostile("B50")
def test_whatever_a_job_writes_is_outputs_or_malformed(data: bytes) -> None:
    try:
        outputs = read_outputs(data)
    except MalformedFileError as error:
        outputs = {}
        said = str(error)
    else:
        said = ""
    assert len(said) < 300
    assert all(name.isascii() and isinstance(value, str) for name, value in outputs.items())


@pytest.mark.slow
@given(
    st.dictionaries(
        st.from_regex(r"[a-z_][a-z0-9_-]{0,9}", fullmatch=True), st.text(st.characters(categories=["L", "N", "P"]))
    )
)
def test_what_is_written_in_either_form_is_read_back(outputs: dict[str, str]) -> None:
    lines = "".join(f"{name}={value}\n" for name, value in outputs.items())
    texts = "".join(f"{name}<<:end:\n{value}\n:end:\n" for name, value in outputs.items())
    assert read_outputs(lines.encode()) == outputs
    assert read_outputs(texts.encode()) == outputs


def test_variables_are_written_in_the_same_form_with_the_names_that_shells_take() -> None:
    assert read_variables(b"A=1\nB_2<<E\nx\ny\nE\n") == {"A": "1", "B_2": "x\ny"}


@pytest.mark.parametrize("name", ["a-b", "1a", "ORCAOPS_JOB_ID", "GITHUB_ENV", "orca_open"])
def test_a_variable_that_no_step_may_set_is_refused(name: str) -> None:
    with pytest.raises(MalformedFileError, match=f"line 2: '{name}' is no name of a variable that a step may set"):
        read_variables(f"A=1\n{name}=2\n".encode())


def test_a_variable_that_linux_would_not_take_is_refused() -> None:
    with pytest.raises(MalformedFileError, match="line 1: the value of A is longer than 128 KiB"):
        read_variables(b"A=" + b"x" * 128 * 1024)


def test_a_summary_is_cut_between_characters_and_keeps_no_control_codes() -> None:
    assert read_summary("# é\x1b[31m\r\n".encode(), 100) == "# é[31m\n"
    assert read_summary("aé".encode(), 2) == "a"
    assert read_summary(b"a", -5) == ""
