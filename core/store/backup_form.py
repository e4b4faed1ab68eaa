"""What a backup is: a tar file with a head, the database, the files of its jobs, and their hashes.

::

    backup.json        format, version of OrcaOps, when, whose home
    orcaops.db         of one moment
    logs/<id>/…        artifacts/<id>/…   uploads/<sha256>   config.yaml   policy.yaml
    checksums.json     SHA-256 of everything before it

Tokens and secrets are no part of it, nor are documents that are written from the database.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

FORMAT: Final = 1
HEAD: Final = "backup.json"
DATABASE: Final = "orcaops.db"
CHECKSUMS: Final = "checksums.json"
OWN_FILES: Final = ("config.yaml", "policy.yaml")
FOLDERS_BY_ID: Final = ("logs", "artifacts")
UPLOADS: Final = "uploads"

_PART: Final = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,199}"
_MEMBER: Final = re.compile(rf"orcaops\.db|config\.yaml|policy\.yaml|(?:logs|artifacts|uploads)(?:/{_PART}){{1,6}}")


class BackupFacts(NamedTuple):
    """What a backup holds.

    Attributes:
        jobs: Jobs in the database.
        files: Files beside it.
        size: Bytes of all of them, the database included, before packing.
        missing: Files that went while they were copied: retention removed their jobs.
    """

    jobs: int
    files: int
    size: int
    missing: int = 0


def is_member(name: str) -> bool:
    """Whether a backup of ours may hold a file of this name."""
    return _MEMBER.fullmatch(name) is not None
