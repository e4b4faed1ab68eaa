"""Records that are made and copied quickly are the frozen dataclasses they were."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from dataclasses import FrozenInstanceError, asdict, dataclass, field

import pytest

from core.frozen import quickly_made, replace


@dataclass(frozen=True, slots=True)
class Plain:
    """A record as dataclasses makes it."""

    first: int
    second: str = "two"
    third: dict[str, int] = field(default_factory=dict[str, int])


@quickly_made
@dataclass(frozen=True, slots=True)
class Quick:
    """The same, made quickly."""

    first: int
    second: str = "two"
    third: dict[str, int] = field(default_factory=dict[str, int])


@pytest.mark.parametrize("arguments", [(1,), (1, "b"), (1, "b", {"c": 3})])
def test_a_record_made_quickly_is_what_the_plain_one_is(arguments: tuple[int]) -> None:
    plain, quick = Plain(*arguments), Quick(*arguments)

    assert type(quick) is Quick
    assert asdict(quick) == asdict(plain)
    assert repr(quick) == repr(plain).replace("Plain", "Quick")
    assert quick == Quick(**asdict(plain))
    assert quick != plain


def test_each_record_made_quickly_has_a_default_of_its_own() -> None:
    assert Quick(1).third == {}
    assert Quick(1).third is not Quick(1).third


def test_arguments_that_do_not_fit_are_refused_as_by_any_function() -> None:
    with pytest.raises(TypeError, match=r"Quick\.__init__\(\) missing 1 required positional argument: 'first'"):
        Quick()  # pyright: ignore[reportCallIssue] -- that is refused
    with pytest.raises(TypeError, match="unexpected keyword argument 'fourth'"):
        Quick(1, fourth=4)  # pyright: ignore[reportCallIssue] -- that is refused


@pytest.mark.parametrize("record", [Quick(1), replace(Quick(1), second="b"), replace(Plain(1), second="b")])
def test_nothing_changes_a_record_that_was_made_quickly(record: Plain | Quick) -> None:
    with pytest.raises(FrozenInstanceError):
        record.first = 2  # pyright: ignore[reportAttributeAccessIssue] -- that is refused
    with pytest.raises(FrozenInstanceError):
        del record.second  # pyright: ignore[reportAttributeAccessIssue] -- that is refused


@pytest.mark.parametrize("record", [Plain(1, "b", {"c": 3}), Quick(1, "b", {"c": 3})])
def test_a_changed_copy_is_what_replace_makes_and_leaves_the_record(record: Plain | Quick) -> None:
    copied = replace(record, first=2, third={"d": 4})

    assert copied == dataclasses.replace(record, first=2, third={"d": 4})
    assert type(copied) is type(record)
    assert record.first == 1
    assert replace(record) == record
    assert replace(record) is not record


def test_a_changed_copy_of_a_field_there_is_not_is_refused() -> None:
    with pytest.raises(AttributeError, match="fourth"):
        replace(Quick(1), fourth=4)


def test_a_record_made_quickly_is_copied_and_sent_like_any_other() -> None:
    record = Quick(1, "b", {"c": 3})

    assert copy.deepcopy(record) == record
    assert pickle.loads(pickle.dumps(record)) == record  # noqa: S301 - our own


@quickly_made
@dataclass(frozen=True, slots=True)
class Named:
    """A record with fields that are given by name."""

    first: int = field(kw_only=True)
    second: int
    third: int = field(default=3, kw_only=True)


def test_fields_that_are_given_by_name_are_given_by_name_only() -> None:
    assert asdict(Named(2, first=1)) == {"first": 1, "second": 2, "third": 3}
    with pytest.raises(TypeError, match="positional argument"):
        Named(2, 1)  # pyright: ignore[reportCallIssue] -- that is refused


@quickly_made
@dataclass(frozen=True, slots=True)
class _Worded:
    own: int
    let: int
    draft: int
    absent: int = 4


def test_a_field_may_have_any_name() -> None:
    assert asdict(replace(_Worded(1, 2, 3), own=5)) == {"own": 5, "let": 2, "draft": 3, "absent": 4}


@dataclass(frozen=True)
class _Checked:
    first: int

    def __post_init__(self) -> None:
        """Look at it."""


@dataclass(frozen=True)
class _Counted:
    first: int = field(init=False)


@pytest.mark.parametrize("cls", [_Checked, _Counted, int])
def test_a_class_that_wants_more_of_its_init_is_not_made_quickly(cls: type[object]) -> None:
    with pytest.raises(TypeError):
        quickly_made(cls)
    with pytest.raises(TypeError):
        replace(cls.__new__(cls))
