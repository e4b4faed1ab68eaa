"""Package installers: pip, npm and its kin, apt and apk; and which package a missing module comes in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from core.logs.diagnose.finding import Finding, Recogniser, Weight, ahead, behind
from core.logs.diagnose.symptoms import symptom_of

if TYPE_CHECKING:
    from collections.abc import Sequence

_DISTRIBUTIONS: Final = {
    "bs4": "beautifulsoup4",
    "Crypto": "pycryptodome",
    "cv2": "opencv-python-headless",
    "dateutil": "python-dateutil",
    "dotenv": "python-dotenv",
    "google.protobuf": "protobuf",
    "jwt": "pyjwt",
    "MySQLdb": "mysqlclient",
    "OpenSSL": "pyopenssl",
    "PIL": "pillow",
    "psycopg2": "psycopg2-binary",
    "serial": "pyserial",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
}
_NO_MODULE: Final = re.compile(r"[^']*No module named '([^']+)'")
_NPM_MODULE: Final = re.compile(r"[^']*Cannot find (?:module|package) '([^']+)'")

_PIP_BUILD: Final = "error: subprocess-exited-with-error"
_PIP_MARK: Final = "\u00d7 "
_PIP_END: Final = "[end of output]"
_PIP_ERRORS: Final = (
    "ERROR: No matching distribution",
    "ERROR: Could not find a version",
    "ERROR: Cannot install ",
    "ERROR: Could not open requirements file",
    "ERROR: Could not install packages",
    "ERROR: Failed building wheel",
    "ERROR: Ignored the following",
    "ERROR: Invalid requirement",
    "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES",
    "ERROR: Package '",
)

_NPM_LINE: Final = re.compile(r"npm (?:ERR!|error) ?(.*)")
_NPM_CODE: Final = re.compile(r"code (E[A-Z0-9_]+|\d+)$")
_NPM_WORD: Final = re.compile(r"^(?:notarget|enoent|ERESOLVE|404|network|engine|nospc|syscall) ")
_NPM_FOLLOW_UPS: Final = ("ELIFECYCLE", "ECANCELED")
_NPM_SKIP: Final = ("code ", "syscall ", "path ", "errno ", "dest ", "cwd ", "signal ", "command ")
_PNPM: Final = re.compile(r"\s*(ERR_PNPM_[A-Z_]+)\s+(.*)")

_SYSTEM_INSTALLERS: Final = (
    ("E: ", "apt_install", "Run apt-get update first, and check the package's name for the image's release."),
    ("ERROR: unable to select packages:", "apk_install", "Run apk update first, and check the package's name."),
)


def module_hint(message: str) -> str:
    """Which package to install for Python's ``No module named 'x'``; empty for other messages."""
    match = _NO_MODULE.match(message)
    if match is None:
        return ""
    name = match[1]
    top = name.partition(".")[0]
    package = _DISTRIBUTIONS.get(name) or _DISTRIBUTIONS.get(top, top)
    return f"Run `pip install {package}` first, or use an image that has it; check the path if it is your own module."


def npm_hint(message: str) -> str:
    """Which package to install for Node's ``Cannot find module 'x'``; empty for other messages."""
    match = _NPM_MODULE.match(message)
    if match is None:
        return ""
    name = match[1]
    if name.startswith((".", "/", "file:")):
        return "That file does not exist there: check the path and that it was built or sent along with the job."
    scope = 2 if name.startswith("@") else 1
    return f"Run `npm install {'/'.join(name.split('/')[:scope])}` (or `npm ci`) first."


def read_pip(texts: Sequence[str], at: int) -> Finding | None:
    """The errors of pip itself; when no index could be reached, that is the cause."""
    text = texts[at].strip()
    if not text.startswith(_PIP_ERRORS):
        return None
    hint = "Check the name, the version and the image's Python version."
    if "conflicting" in text:
        hint = "Loosen or align the versions asked for; the lines below name the conflict."
    elif "requirements file" in text:
        hint = "Check the path, the working folder, and that the file was sent along with the job."
    kind, first = "pip_install", at
    for index in behind(at, 30):
        if not texts[index].lstrip().startswith("WARNING: Retrying"):
            continue
        symptom = symptom_of(texts[index])
        if symptom is not None:
            kind, hint, first = symptom.kind, symptom.hint, index
            text = f"pip could not reach its index: {text.removeprefix('ERROR: ')}"
            break
    last = min(at + (8 if "conflicting" in text else 1), len(texts) - 1)
    headline = text.removeprefix("ERROR: ").partition(" (from versions: 0")[0].partition(" (from versions: 1")[0]
    return Finding(kind, headline, Weight.FAILURE, at, first, last, hint=hint)


def read_pip_build(texts: Sequence[str], at: int) -> Finding | None:
    """A package whose build failed: the last line of the build's own output is the cause."""
    if texts[at].strip() != _PIP_BUILD:
        return None
    said, step = at, ""
    for index in ahead(texts, at, 300):
        text = texts[index].strip()
        if text.startswith(_PIP_MARK):
            step = text.removeprefix(_PIP_MARK).partition(" did not run")[0].strip()
        if text == _PIP_END:
            break
        if text:
            said = index
    message = texts[said].strip()
    headline = f"pip failed at {step}: {message}" if step else f"pip failed: {message}"
    symptom = symptom_of(message)
    hint = symptom.hint if symptom else "The package has no wheel for this image: install what its build needs."
    return Finding(symptom.kind if symptom else "pip_install", headline, Weight.FAILURE, said, at, said, hint=hint)


def read_npm(texts: Sequence[str], at: int) -> Finding | None:
    """An error block of npm; what a script printed before it is the cause when npm only reports its exit."""
    code_line = _NPM_LINE.match(texts[at])
    if code_line is None:
        return None
    missing_script = code_line[1].startswith("Missing script:")
    code = _NPM_CODE.match(code_line[1])
    if code is None and not missing_script:
        return None
    focus, last = (at, at) if missing_script else _npm_message(texts, at)
    match = _NPM_LINE.match(texts[focus])
    name = code[1] if code else ""
    message = _NPM_WORD.sub("", match[1] if match else "")
    follow_up = name in _NPM_FOLLOW_UPS or name.isdigit()
    symptom = symptom_of(f"{name} {message}")
    return Finding(
        kind=symptom.kind if symptom else "npm_script" if missing_script else "npm_install",
        headline=f"npm {name}: {message}" if name else f"npm: {message}",
        weight=Weight.FOLLOW_UP if follow_up else Weight.FAILURE,
        focus=focus,
        first=at,
        last=last,
        hint=symptom.hint if symptom else _npm_code_hint(name),
    )


def _npm_message(texts: Sequence[str], at: int) -> tuple[int, int]:
    """Indices of the line of the block that says most, and of its last line."""
    focus, last = at, at
    for index in ahead(texts, at, 30):
        match = _NPM_LINE.match(texts[index])
        if match is None or match[1].startswith(("A complete log", "Usage:", "To see a list")):
            break
        last = index
        if focus == at and match[1] and not match[1].startswith(_NPM_SKIP):
            focus = index
    return focus, last


def _npm_code_hint(code: str) -> str:
    return {
        "ERESOLVE": "Align the versions in package.json, or install with --legacy-peer-deps.",
        "ETARGET": "That version does not exist: correct it in package.json.",
        "E404": "That package does not exist in the registry: check its name and the registry's login.",
        "EUSAGE": "Commit an up-to-date package-lock.json, or use `npm install` instead of `npm ci`.",
        "ENOENT": "Check the working folder and that package.json was sent along with the job.",
        "EBADENGINE": "Use an image with the Node version the package asks for.",
    }.get(code, "")


def read_pnpm(texts: Sequence[str], at: int) -> Finding | None:
    """The errors of pnpm, which carry a code on their line."""
    match = _PNPM.match(texts[at])
    if match is None:
        return None
    weight = Weight.FOLLOW_UP if "RECURSIVE" in match[1] or "LIFECYCLE" in match[1] else Weight.FAILURE
    return Finding("npm_install", f"{match[1]}: {match[2]}", weight, at, at, min(at + 3, len(texts) - 1))


def read_system_package(texts: Sequence[str], at: int) -> Finding | None:
    """The refusals of apt and apk."""
    text = texts[at]
    for opening, kind, hint in _SYSTEM_INSTALLERS:
        if text.startswith(opening):
            more = texts[at + 1].strip() if text.endswith(":") and at + 1 < len(texts) else ""
            symptom = symptom_of(text)
            return Finding(
                kind=symptom.kind if symptom else kind,
                headline=f"{text} {more}".strip(),
                weight=Weight.FAILURE,
                focus=at,
                first=at,
                last=min(at + 2, len(texts) - 1),
                hint=symptom.hint if symptom else hint,
            )
    return None


RECOGNISERS: Final = (
    Recogniser((_PIP_BUILD,), read_pip_build, reach=300),
    Recogniser(_PIP_ERRORS, read_pip, reach=30),
    Recogniser(
        ("npm ERR! code ", "npm error code ", "npm ERR! Missing script", "npm error Missing script"), read_npm, 30
    ),
    Recogniser(("ERR_PNPM_",), read_pnpm),
    Recogniser(tuple(opening for opening, _, _ in _SYSTEM_INSTALLERS), read_system_package),
)
