"""The JSON Schema of workflow files, for editors and agents."""

from __future__ import annotations

from typing import Final

from core.plan.keys.form import Book
from core.plan.keys.workflow_keys import WORKFLOW

SCHEMA_ID: Final = "orcaops://schemas/workflow/v1"
"""What the schema is called; it never changes for this version of the format."""


def workflow_schema() -> dict[str, object]:
    """The JSON Schema (draft-07) of a workflow file, from the very definitions that files are read by."""
    book = Book()
    whole = WORKFLOW.schema(book)
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$id": SCHEMA_ID,
        "title": "OrcaOps workflow",
        "description": "A workflow of OrcaOps, version 1: jobs in containers, in the order of what they need.",
        **whole,
        "definitions": dict(sorted(book.definitions.items())),
    }
