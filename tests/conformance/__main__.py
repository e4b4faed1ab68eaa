"""`python -m tests.conformance expressions|matrix`: a case a line on stdin, its answer a line on stdout."""

from __future__ import annotations

import importlib
import json
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def main(kind: str) -> None:
    answer: Callable[[dict[str, Any]], dict[str, Any]] = importlib.import_module(f"tests.conformance.{kind}").answer
    for line in sys.stdin.buffer:
        if line.strip():
            print(json.dumps(answer(json.loads(line))), flush=True)  # noqa: T201 - the answer


if __name__ == "__main__":
    if sys.argv[1:] not in (["expressions"], ["matrix"]):
        sys.exit("usage: python -m tests.conformance expressions|matrix")
    main(sys.argv[1])
