"""Names say what a thing is or does, and what a module offers is written down."""

from __future__ import annotations

import ast
import importlib

import pytest

from tests.architecture.conftest import Source, words_of

_EMPTY_WORDS = frozenset({
    "common", "enhanced", "final", "fixed", "handler", "handlers", "helper", "helpers", "manager", "managers",
    "misc", "new", "old", "simple", "sprint", "util", "utils", "v2",
})  # fmt: skip

_ALLOWED = {
    "add_request_handler": "the MCP SDK's word",
    "new_job_id": "makes one",
    "new_upload_id": "makes one",
    "new_workflow_id": "makes one",
    "SchemaTooNewError": "compares two versions",
    "Simple": "POSIX calls a command without keywords a simple command",
    "_simple": "POSIX calls a command without keywords a simple command",
}


def test_no_module_class_or_function_carries_a_word_that_says_nothing(sources: list[Source]) -> None:
    names = [(source.where, name) for source in sources for name in _names(source)]
    assert [f"{where} {name}" for where, name in names if _is_empty(name) and name not in _ALLOWED] == []


@pytest.mark.parametrize("name", ["LogHandler", "old_rows", "parse_v2", "HTTPHelper", "newJob", "utils"])
def test_an_empty_word_is_found_in_snake_and_camel_case(name: str) -> None:
    assert _is_empty(name)


@pytest.mark.parametrize("name", ["renew", "fold", "threshold", "finalise", "simplest", "contextmanager"])
def test_a_word_is_judged_whole(name: str) -> None:
    assert not _is_empty(name)


def test_every_list_of_public_names_is_a_sorted_tuple_of_names_that_exist(sources: list[Source]) -> None:
    wrong: list[str] = []
    for source in sources:
        for value in _public_lists(source):
            public = ast.literal_eval(value)
            if not isinstance(public, tuple):
                wrong.append(f"{source.where} __all__ is no tuple")
                continue
            names = [str(name) for name in public]  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType] - literal_eval returns Any
            module = importlib.import_module(source.module)
            wrong += [f"{source.where} {name} does not exist" for name in names if not hasattr(module, name)]
            if names != sorted(names, key=_rank):
                wrong.append(f"{source.where} __all__ is not sorted")
    assert wrong == []


def _is_empty(name: str) -> bool:
    return not _EMPTY_WORDS.isdisjoint(words_of(name))


def _names(source: Source) -> list[str]:
    defined = [node.name for node in ast.walk(source.tree) if isinstance(node, ast.ClassDef)]
    return [*source.module.split("."), *defined, *(function.name for function in source.functions())]


def _public_lists(source: Source) -> list[ast.expr]:
    found: list[ast.expr] = []
    for node in source.tree.body:
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        named = any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets)
        if named and isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            found.append(node.value)
    return found


def _rank(name: str) -> tuple[int, str]:
    """Constants, then classes, then the rest: the order that ruff keeps."""
    kind = 0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2
    return kind, name
