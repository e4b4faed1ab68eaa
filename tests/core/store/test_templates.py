"""Templates in the database."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import anyio
import pytest

from core.errors import InvalidArgumentError, NotAdmittedError, TemplateExistsError, TemplateNotFoundError
from core.spec.template import TemplateSpec
from core.store.templates import KEPT_VERSIONS, MAX_TEMPLATES, TemplateStore

if TYPE_CHECKING:
    from core.store.database import Database
    from core.testing.clock import MovingClock


@pytest.fixture
def templates(database: Database, clock: MovingClock) -> TemplateStore:
    return TemplateStore(database, clock)


def a_template(name: str = "lint", text: str = "true") -> TemplateSpec:
    return TemplateSpec.model_validate({"name": name, "inputs": {"a": {}}, "job": {"image": "alpine", "script": text}})


async def test_a_saved_template_reads_back(templates: TemplateStore, clock: MovingClock) -> None:
    saved = await templates.save(a_template(), by="cli", overwrite=False)
    assert saved.is_changed
    assert (saved.template.version, saved.template.oldest_version) == (1, 1)
    assert (saved.template.saved_by, saved.template.saved_at) == ("cli", clock.now())
    assert await templates.get("lint") == saved.template


async def test_an_existing_name_is_refused_unless_it_may_be_overwritten(templates: TemplateStore) -> None:
    await templates.save(a_template(), by="cli", overwrite=False)
    with pytest.raises(TemplateExistsError, match="lint already, in version 1"):
        await templates.save(a_template(text="false"), by="cli", overwrite=False)
    saved = await templates.save(a_template(text="false"), by="cli", overwrite=True)
    assert (saved.template.version, saved.template.oldest_version) == (2, 1)
    assert (await templates.get("lint", 1)).spec == a_template()


@pytest.mark.parametrize("overwrite", [False, True])
async def test_saving_the_same_again_changes_nothing(templates: TemplateStore, overwrite: bool) -> None:
    first = await templates.save(a_template(), by="cli", overwrite=False)
    again = await templates.save(a_template(), by="agent", overwrite=overwrite)
    assert not again.is_changed
    assert again.template == first.template


async def test_the_last_versions_are_kept(templates: TemplateStore) -> None:
    saved = [
        await templates.save(a_template(text=f"echo {number}"), by="cli", overwrite=True)
        for number in range(KEPT_VERSIONS + 5)
    ]
    newest = await templates.get("lint")
    assert newest == saved[-1].template
    assert (newest.version, newest.oldest_version) == (25, 6)
    assert (await templates.get("lint", 6)).spec.job == {"image": "alpine", "script": "echo 5"}
    with pytest.raises(TemplateNotFoundError) as caught:
        await templates.get("lint", 5)
    assert caught.value.hint == "Kept are 6 to 25; without a version the newest is taken."


async def test_of_writers_that_race_for_a_name_one_wins(templates: TemplateStore) -> None:
    refused: list[str] = []

    async def save(number: int) -> None:
        try:
            await templates.save(a_template(text=f"echo {number}"), by="cli", overwrite=False)
        except TemplateExistsError as error:
            refused.append(error.code)

    async with anyio.create_task_group() as tasks:
        for number in range(10):
            tasks.start_soon(save, number)
    assert len(refused) == 9
    assert (await templates.get("lint")).version == 1


async def test_they_are_listed_by_name_in_pages(templates: TemplateStore) -> None:
    for name in ("c", "a", "b"):
        await templates.save(a_template(name), by="cli", overwrite=False)
    await templates.save(a_template("b", "false"), by="cli", overwrite=True)
    first = await templates.list(limit=2, cursor=None)
    assert [(item.name, item.version) for item in first.items] == [("a", 1), ("b", 2)]
    rest = await templates.list(limit=2, cursor=first.next_cursor)
    assert [item.name for item in rest.items] == ["c"]
    assert rest.next_cursor is None
    with pytest.raises(InvalidArgumentError, match="limit: from 1 to 100"):
        await templates.list(limit=101, cursor=None)


async def test_a_deleted_template_is_gone_with_all_versions(templates: TemplateStore) -> None:
    await templates.save(a_template(), by="cli", overwrite=False)
    await templates.save(a_template(text="false"), by="cli", overwrite=True)
    assert (await templates.delete("lint")).version == 2
    for version in (None, 1):
        with pytest.raises(TemplateNotFoundError):
            await templates.get("lint", version)
    with pytest.raises(TemplateNotFoundError):
        await templates.delete("lint")


async def test_an_unknown_name_is_told_what_it_may_have_been(templates: TemplateStore) -> None:
    await templates.save(a_template(), by="cli", overwrite=False)
    with pytest.raises(TemplateNotFoundError) as caught:
        await templates.get("lnit")
    assert caught.value.hint == "Did you mean 'lint'?"
    with pytest.raises(TemplateNotFoundError) as caught:
        await templates.get("something else")
    assert "orcaops_list_templates" in caught.value.hint


async def test_there_are_only_so_many_templates(templates: TemplateStore) -> None:
    async with anyio.create_task_group() as tasks:
        for number in range(MAX_TEMPLATES):
            tasks.start_soon(lambda name: templates.save(a_template(name), by="cli", overwrite=False), f"t{number}")
    with pytest.raises(NotAdmittedError, match=re.escape("There are 500 templates already")):
        await templates.save(a_template("one-more"), by="cli", overwrite=False)
    assert (await templates.save(a_template("t7", "false"), by="cli", overwrite=True)).template.version == 2
