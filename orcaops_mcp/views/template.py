"""Templates as doors show them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core import template_document

if TYPE_CHECKING:
    from core import InputSpec, Template


def template_view(template: Template) -> dict[str, Any]:
    """The whole record: every key is there, absent facts are null."""
    return template_document(template)


def template_row(template: Template) -> dict[str, Any]:
    """A template in a list: everything but what it runs."""
    return {name: value for name, value in template_document(template).items() if name not in {"job", "workflow"}}


def template_brief(template: Template) -> dict[str, Any]:
    """A template in a line, with its inputs in a few words each."""
    return {
        "name": template.name,
        "kind": "workflow" if template.spec.kind == "workflow" else None,
        "version": template.version,
        "description": template.spec.description,
        "inputs": {name: input_words(declared) for name, declared in template.spec.inputs.items()},
    }


def input_words(declared: InputSpec) -> str:
    """An input in a few words, such as ``choice of debug, release; default debug``."""
    kind = f"choice of {', '.join(declared.options[:10])}" if declared.type == "choice" else declared.type
    said = [f"{kind}, required" if declared.required and declared.default is None else kind]
    if declared.min is not None or declared.max is not None:
        said.append(f"from {_bound(declared.min)} to {_bound(declared.max)}")
    if declared.default is not None:
        said.append(f"default {str(declared.default)[:60]}")
    if declared.description:
        said.append(declared.description[:120])
    return "; ".join(said)


def _bound(value: float | None) -> str:
    return "any" if value is None else f"{value:g}"
