"""A workflow file as a tree: YAML 1.2 and JSON, with the place of every key and value, and its faults in words."""

from core.plan.source.comments import Comment
from core.plan.source.limits import SourceLimits
from core.plan.source.load import Source, read_source
from core.plan.source.nodes import (
    Entry,
    ListNode,
    MappingNode,
    Node,
    Plain,
    PlainScalar,
    Scalar,
    Style,
    TreePath,
    child_of,
    node_at,
    path_text,
    walk,
)
from core.plan.source.offsets import place_within
from core.plan.source.scalars import resolve
from core.plan.source.text import SourceText

__all__ = (
    "Comment",
    "Entry",
    "ListNode",
    "MappingNode",
    "Node",
    "Plain",
    "PlainScalar",
    "Scalar",
    "Source",
    "SourceLimits",
    "SourceText",
    "Style",
    "TreePath",
    "child_of",
    "node_at",
    "path_text",
    "place_within",
    "read_source",
    "resolve",
    "walk",
)
