"""Matrices that stand in the file, and needs for variants of them."""

from __future__ import annotations

import pytest

from tests.core.plan.lint.linted import after_fixes, found, jobs, lint

RUN = 'image: "alpine:3.20", commands: [ls]'


def matrix(text: str, rest: str = "") -> str:
    return jobs(f"a: {{matrix: {text}, {RUN}{rest}}}")


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("{os: []}", "E121 [] | Matrix vector 'os' does not contain any values."),
        ("{os: x}", "E124 x | A sequence was expected: Matrix vector 'os' is a text."),
        ("{os: [a], exclude: [{node: 1}]}", "E122 node | Matrix exclude key 'node' does not match any key"),
        ("{os: [a], include: [{}]}", "E123 {} | Matrix include mapping does not contain any values."),
        ("{os: [a], exclude: [{os: a}]}", "E126 [{os: a}] | The matrix expands to nothing"),
        ("{os: [a, b, a]}", "W120 a | Matrix vector 'os' has 'a' twice."),
        ("{os: [a, b], exclude: [{os: c}, {os: a}]}", "W122 {os: c} | This exclude entry matches no combination."),
        ("{os: [a], include: [{so: b}]}", "W123 so | Matrix include key 'so' is no vector"),
        ("{node: [1, '1']}", "W120 '1' | Matrix vector 'node' has 1 and '1', which exclude cannot tell apart."),
    ],
)
def test_a_fault_is_told_where_it_stands(written: str, told: str) -> None:
    text = matrix(written)
    (line,) = found(text)
    assert line.replace(" 2 ", " ", 1).startswith(told)
    after_fixes(text)


def test_a_matrix_that_is_too_large_is_told() -> None:
    (line,) = found(matrix(f"{{a: {list(range(17))}, b: {list(range(17))}}}"))
    assert "makes 289 combinations" in line


@pytest.mark.parametrize("written", ["${{ fromJSON(vars.m) }}", "{os: '${{ fromJSON(vars.m) }}', exclude: [{x: 1}]}"])
def test_nothing_is_said_of_a_matrix_that_is_computed(written: str) -> None:
    text = jobs(f"""
        a:
          matrix: {written}
          image: alpine:3.20
          commands: [ls]
          name: always
          env: {{A: "${{{{ matrix.os }}}}"}}
        """)
    assert found(text) == []


def test_keys_that_stand_in_the_file_are_known_though_their_values_are_not() -> None:
    text = matrix(
        "{os: '${{ fromJSON(vars.m) }}', include: [{os: x, extra: 1}]}",
        ", env: {A: '${{ matrix.os }} ${{ matrix.extra }} ${{ matrix.none }}'}",
    )
    assert [line.split(" | ")[0] for line in found(text)] == ["E111 2 none"]
    open_text = matrix("{os: [a], include: '${{ fromJSON(vars.m) }}'}", ", env: {A: '${{ matrix.none }}'}")
    assert found(open_text) == []
    odd = matrix("{os: ['${{ vars.m }}'], include: ['${{ fromJSON(vars.m) }}']}", ", env: {A: '${{ matrix.none }}'}")
    assert found(odd) == []


def test_a_key_that_only_some_variants_have_is_mentioned() -> None:
    text = matrix(
        "{os: [a], include: [{os: b, x: 1}]}", ", env: {A: '${{ matrix.x }} ${{ MATRIX.X }} ${{ matrix.os }}'}"
    )
    assert found(text) == [
        "I111 2 x | Only some variants of 'a' have 'matrix.x'; it is null in the others.",
        "I111 2 X | Only some variants of 'a' have 'matrix.X'; it is null in the others.",
    ]


def test_the_values_of_a_matrix_have_their_types() -> None:
    text = matrix(
        "{n: [1, 2], c: [{os: a, tags: [x]}, {os: b, tags: [y]}], m: [1, x], f: [true]}",
        ", env: {A: \"${{ matrix.n == 'x' }} ${{ matrix.c.so }} ${{ matrix.m == 'x' }} ${{ matrix.c.tags.x }}\"}",
    )
    assert [line.split(" | ")[0] for line in found(text)] == [
        "W112 2 matrix.n == 'x'",
        "E111 2 so",
        "W112 2 matrix.c.tags.x",
    ]


def test_variants_with_one_name_are_told() -> None:
    (finding,) = lint(matrix("{os: [a, b]}", ", name: same"))
    assert finding.message == "All 2 variants of 'a' have the same name."
    assert finding.hint == "add a value, such as ${{ matrix.os }}, or leave the name out"
    assert found(matrix("{os: [a]}", ", name: same")) == []


def needing(need: str, own: str = "") -> str:
    return jobs(f"""
        a: {{matrix: {{os: [x, y], v: [1, 2]}}, {RUN}}}
        p: {{{RUN}}}
        b: {{needs: [{need}], {own} {RUN}}}
        """)


@pytest.mark.parametrize(
    ("need", "own", "told"),
    [
        ("{job: p, matrix: same}", "", "E127 4 same | Job 'p' has no matrix, so that no variant of it can be needed."),
        ("{job: a, matrix: same}", "", "E127 4 same | Job 'b' has no matrix, so that no variant of 'a' is the same."),
        ("{job: a, matrix: same}", "matrix: {os: [x]},", "E127 4 same | 'a' has 2 variants with os x;"),
        ("{job: a, matrix: same}", "matrix: {os: [z], v: [1]},", "E127 4 same | 'a' has no variant with os z, v 1"),
        ("{job: a, matrix: {oss: x}}", "", "E127 4 oss | No variant of 'a' has a key 'oss'."),
        ("{job: a, matrix: {os: z}}", "", "E127 4 {os: z} | No variant of 'a' has these values."),
    ],
)
def test_a_need_for_variants_must_find_them(need: str, own: str, told: str) -> None:
    text = needing(need, own)
    (line,) = found(text)
    assert line.startswith(told)
    after_fixes(text)


@pytest.mark.parametrize(
    ("need", "own"),
    [
        ("{job: a, matrix: same}", "matrix: {v: [2], os: [x, y]},"),
        ("{job: a, matrix: {os: x}}", ""),
        ("{job: a, matrix: {os: '${{ vars.os }}'}}", ""),
        ("{job: a, matrix: same}", "matrix: {os: '${{ fromJSON(vars.m) }}'},"),
        ("{job: none, matrix: same}", ""),
    ],
)
def test_a_need_for_variants_that_may_be_there_is_not_told(need: str, own: str) -> None:
    assert found(needing(need, own), "E127") == []
