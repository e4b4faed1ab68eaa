"""Finds the cause of a failure in a job's log, and the lines that show it, without a model.

A single pass feeds every line to small readers, one family of tools a file. Each reader turns the lines of
one tool's complaint into a `Finding`; the weightiest one, and among equals the first, becomes the cause.
"""

from __future__ import annotations

from core.logs.diagnose.report import Cause, Diagnosis, Excerpt, TestCounts
from core.logs.diagnose.search import CauseSearch, find_cause

__all__ = ("Cause", "CauseSearch", "Diagnosis", "Excerpt", "TestCounts", "find_cause")
