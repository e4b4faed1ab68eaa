"""A secret that tells where it gets: jobs and a workflow that try to put it everywhere, and the places to look in."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from core import SecretFile
from core.redaction import needles

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

CANARY: Final = "Kanarien/Vogel+4711=gelb"
IN_NAMES: Final = "wellensittich-0815-blau"
"""The same for names of files, which take no slash."""
FORMS: Final = needles([CANARY, IN_NAMES])

_JOB_SCRIPT: Final = """\
echo "raw $CANARY and $IN_NAMES"
printf 'split Kanarien/'; sleep 1; printf 'Vogel+4711=gelb in two\\n'
echo "error $CANARY" >&2
printf '%s' "$CANARY" | base64
printf 'x%s' "$CANARY" | base64
printf '{"json": "%s"}\\n' "$CANARY"
printf '%s' "$CANARY" | sed 's,/,%2F,g;s,+,%2B,g;s,=,%3D,g'; echo
mkdir -p out
echo "content $CANARY of the file" > "out/of-$IN_NAMES.txt"
echo "content $CANARY" > out/plain.txt
echo "# $CANARY" > "$ORCAOPS_STEP_SUMMARY"
echo "stolen=$CANARY" > "$ORCAOPS_OUTPUT"
echo "$IN_NAMES=1" >> "$ORCAOPS_OUTPUT"
echo "fine=1" >> "$ORCAOPS_OUTPUT"
"""

JOB: Final[Mapping[str, Any]] = {
    "image": "busybox:latest",
    "name": "canary",
    "commands": [_JOB_SCRIPT, 'echo "Error: the value $CANARY is refused" >&2; exit 3'],
    "secrets": ["CANARY", "IN_NAMES"],
    "artifacts": ["out/*"],
    "outputs": ["fine"],
}
"""What a careless job does with its secrets."""

LASTING: Final[Mapping[str, Any]] = {
    "image": "busybox:latest",
    "command": ["sh", "-c", 'echo "begins $CANARY"; sleep 120'],
    "secrets": ["CANARY"],
}

WORKFLOW: Final = """\
name: canary
secrets: [CANARY, IN_NAMES]
jobs:
  make:
    image: busybox:latest
    secrets: [CANARY, IN_NAMES]
    env:
      COMPOSED: "user:${{ secrets.CANARY }}@host"
    strategy:
      matrix: {variant: [one, two]}
    services:
      beside:
        image: busybox:latest
        command: [sh, -c, 'echo "ready with $HELD"; sleep 120']
        env: {HELD: "${{ secrets.CANARY }}"}
        ready: {log: "ready with"}
    steps:
      - name: "say ${{ secrets.CANARY }}"
        id: say
        run: |
          echo "$COMPOSED ${{ secrets.CANARY }} ${{ matrix.variant }}"
          mkdir -p out
          echo "$CANARY" > "out/$IN_NAMES-${{ matrix.variant }}.txt"
          echo "stolen=$CANARY" > "$ORCAOPS_OUTPUT"
          echo "fine=yes" >> "$ORCAOPS_OUTPUT"
      - if: steps.say.outputs.fine == secrets.CANARY
        run: echo never
    outputs:
      fine: {}
      stolen: {}
      composed: "${{ secrets.CANARY }} and more"
    artifacts: [out/*]
  use:
    needs: [make]
    if: secrets.CANARY != needs.make.outputs.fine
    image: busybox:latest
    commands:
      - echo "got ${{ needs.make.outputs.fine }} ${{ secrets.CANARY }}"
      - echo "Error ${{ secrets.CANARY }}" >&2; exit 4
  broken:
    image: busybox:latest
    commands: ["echo ${{ fromJSON(secrets.CANARY) }}"]
"""


def put_into_store(home: Path) -> None:
    """The canaries in the home's store, and an own log of everything that the engine has to say."""
    store = SecretFile(home)
    for name, value in (("CANARY", CANARY), ("IN_NAMES", IN_NAMES)):
        store.put(name, value, datetime.now(UTC))
    (home / "config.yaml").write_text(f"log_level: debug\nlog_format: json\nlog_file: {home}/own.log\n")


def found_in(content: bytes | str) -> list[bytes]:
    """The forms of a canary that stand in a content."""
    data = content.encode() if isinstance(content, str) else content
    return [form for form in FORMS if form in data]


def files_with_canaries(home: Path) -> Iterator[str]:
    """Paths below a home that tell a canary, by their names or their content; the store may, and kept files."""
    for path in sorted(home.rglob("*")):
        inner = path.relative_to(home)
        if found_in(str(inner)):
            yield f"the name {inner}"
        if path.is_file() and inner.parts[0] not in {"artifacts", SecretFile.NAME} and found_in(path.read_bytes()):
            yield str(inner)
