"""Templates in the database: a row a version, the newest of a name is the template."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from core.clock import from_microseconds, to_microseconds
from core.errors import InvalidArgumentError, NotAdmittedError, TemplateExistsError, TemplateNotFoundError
from core.plan.nearness import did_you_mean
from core.records.page import Page
from core.records.template import SavedTemplate, Template
from core.spec.template import TemplateSpec
from core.store import encoding
from core.store.queries import QueryFile

if TYPE_CHECKING:
    import sqlite3

    from core.clock import Clock
    from core.store.database import Database

MAX_TEMPLATES: Final = 500
KEPT_VERSIONS: Final = 20
MAX_PAGE: Final = 100

_SQL: Final = QueryFile("templates")
_GET_VERSION: Final = _SQL.take("get_version")
_LIST_NEWEST: Final = _SQL.take("list_newest")
_LIST_NAMES: Final = _SQL.take("list_names")
_INSERT_VERSION: Final = _SQL.take("insert_version")
_DELETE_VERSIONS: Final = _SQL.take("delete_versions")

_ANY_VERSION: Final = 2**63 - 1


class TemplateStore:
    """Keeps templates and their last versions.

    Each method is one transaction, and raises `StoreError` and `StoreBusyError` as `Database` does.

    Args:
        database: Where they are.
        clock: Tells when they were saved.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def save(self, spec: TemplateSpec, *, by: str, overwrite: bool) -> SavedTemplate:
        """Keep a template as the newest version of its name.

        One that says the same as the newest version changes nothing.

        Args:
            spec: The template.
            by: Who saves it.
            overwrite: Whether there may be one of the name.

        Raises:
            TemplateExistsError: There is one, and it says something else.
            NotAdmittedError: There are as many templates as there may be.
        """
        now = self._clock.now()
        name, text, saved_by = encoding.utf8(spec.name), encoding.utf8(spec.model_dump_json()), encoding.utf8(by)

        def insert(connection: sqlite3.Connection) -> SavedTemplate:
            row = _GET_VERSION.run(connection, name=name, version=None).fetchone()
            newest = None if row is None else _template(row)
            if newest is not None and newest.spec == spec:
                return SavedTemplate(newest, is_changed=False)
            if newest is not None and not overwrite:
                raise TemplateExistsError(f"There is a template {name} already, in version {newest.version}.")
            if newest is None and len(_names(connection)) >= MAX_TEMPLATES:
                raise NotAdmittedError(
                    f"There are {MAX_TEMPLATES} templates already, as many as are kept.",
                    hint="Delete one that is no longer used, with `orcaops templates delete`.",
                )
            version = 1 if newest is None else newest.version + 1
            saved_us = to_microseconds(now)
            _INSERT_VERSION.run(connection, name=name, version=version, saved_us=saved_us, saved_by=saved_by, spec=text)
            _DELETE_VERSIONS.run(connection, name=name, last=version - KEPT_VERSIONS)
            oldest = max(version - KEPT_VERSIONS + 1, 1 if newest is None else newest.oldest_version)
            return SavedTemplate(
                Template(spec, version, oldest, from_microseconds(saved_us), saved_by), is_changed=True
            )

        return await self._database.write(insert)

    async def get(self, name: str, version: int | None = None) -> Template:
        """A template, in its newest version if none is named.

        Raises:
            TemplateNotFoundError: There is none of that name, or the version is not kept; the hint names what there is.
        """
        return await self._database.read(partial(_get, name=encoding.utf8(name), version=version))

    async def list(self, *, limit: int, cursor: str | None) -> Page[Template]:
        """A page of templates in their newest version, by name.

        Args:
            limit: At most this many, from 1 to 100.
            cursor: ``next_cursor`` of the page before: the name of the last template in it.

        Raises:
            InvalidArgumentError: The limit is not valid.
        """
        if not 1 <= limit <= MAX_PAGE:
            raise InvalidArgumentError(f"limit: from 1 to {MAX_PAGE}")
        return await self._database.read(partial(_page, limit=limit, after=encoding.utf8(cursor or "")))

    async def delete(self, name: str) -> Template:
        """Remove a template with all its versions; returns the newest.

        Raises:
            TemplateNotFoundError: There is none of that name.
        """

        def remove(connection: sqlite3.Connection) -> Template:
            newest = _get(connection, encoding.utf8(name), None)
            _DELETE_VERSIONS.run(connection, name=newest.name, last=_ANY_VERSION)
            return newest

        return await self._database.write(remove)


def _get(connection: sqlite3.Connection, name: str, version: int | None) -> Template:
    row = _GET_VERSION.run(connection, name=name, version=version).fetchone()
    if row is not None:
        return _template(row)
    newest = _GET_VERSION.run(connection, name=name, version=None).fetchone()
    if newest is not None:
        there = _template(newest)
        raise TemplateNotFoundError(
            "The template does not have this version.",
            hint=f"Kept are {there.oldest_version} to {there.version}; without a version the newest is taken.",
        )
    near = did_you_mean(name, _names(connection))
    raise TemplateNotFoundError(hint=near[:1].upper() + near[1:])


def _page(connection: sqlite3.Connection, limit: int, after: str) -> Page[Template]:
    found = [_template(row) for row in _LIST_NEWEST.run(connection, after=after, count=limit + 1)]
    return Page(tuple(found[:limit]), found[limit - 1].name if len(found) > limit else None)


def _names(connection: sqlite3.Connection) -> list[str]:
    return [name for (name,) in _LIST_NAMES.run(connection)]


def _template(row: tuple[Any, ...]) -> Template:
    version, oldest, saved_us, saved_by, spec = row
    return Template(TemplateSpec.model_validate_json(spec), version, oldest, from_microseconds(saved_us), saved_by)
