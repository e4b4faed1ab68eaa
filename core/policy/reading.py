"""From the text of a policy's file to the policy, or to everything that is wrong with it."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast, get_args

from core.errors import Finding, InvalidPolicyError
from core.plan.source import SourceLimits, read_source
from core.policy.images import ImagePattern
from core.policy.policy import (
    BUILT_IN,
    CALLERS,
    CallerRule,
    Ceiling,
    ImageRule,
    MountRule,
    Policy,
    Resource,
    SecretRule,
    Stance,
    Who,
    operators,
)
from core.policy.tree import Tree
from core.spec.sandbox import PROFILES, Loosening, Network

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.plan.source import Node

POLICY_FILE: Final = "policy.yaml"
"""Its name in a home."""

_LIMITS: Final = SourceLimits(size=256 * 1024, nodes=20_000)
_STANCE: Final = ("default", "floor", "forbid", "networks")
_KEYS: Final = ("version", *_STANCE, "callers", "images", "registries", "mounts", "resources", "secrets")
_NETWORKS: Final = cast("tuple[Network, ...]", get_args(Network))
_FORBIDDABLE: Final = tuple(word for word in cast("tuple[Loosening, ...]", get_args(Loosening)) if word != "network")
_RESOURCES: Final = cast("tuple[Resource, ...]", get_args(Resource))
_REGISTRY: Final = re.compile(r"[A-Za-z0-9.-]{1,253}(?::[0-9]{1,5})?|\[[0-9a-fA-F:]{2,45}\](?::[0-9]{1,5})?")
_SECRET: Final = re.compile(r"[A-Za-z_*][A-Za-z0-9_*]{0,127}")
_TOKEN: Final = re.compile(r"token (?:\*|\S{1,100})")
_EMPTY: Final = "The file is empty."
_SAID: Final = 10


def load_policy(home: Path) -> Policy:
    """The policy of a home; the built-in one if it has no file. Blocks while the file is read.

    Raises:
        InvalidPolicyError: It cannot be read, or has faults; they are all told.
    """
    path = home / POLICY_FILE
    try:
        with path.open("rb") as file:
            content = file.read(_LIMITS.size + 1)
    except FileNotFoundError:
        return BUILT_IN
    except OSError as error:
        raise InvalidPolicyError(f"{path} cannot be read ({error.strerror}).") from error
    try:
        return read_policy(content)
    except InvalidPolicyError as error:
        raise InvalidPolicyError(f"In {home}: {error.message}", hint=error.hint, findings=error.findings) from None


def read_policy(content: str | bytes, *, file: str = POLICY_FILE) -> Policy:
    """The policy that a text says.

    Args:
        content: YAML or JSON.
        file: What places are told with.

    Raises:
        InvalidPolicyError: With a finding for every fault: line, column, what is wrong.
    """
    source = read_source(content, limits=_LIMITS)
    if source.root is None and [finding.message for finding in source.findings] == [_EMPTY]:
        return replace(BUILT_IN, source=file)
    findings = [
        Finding(f"{file}:{found.place.line}:{found.place.column}", found.message, found.hint)
        for found in source.findings
    ]
    if source.root is not None and not findings:
        reader = _Reader(file)
        policy = reader.policy(source.root)
        findings = reader.tree.findings
        if not findings:
            return policy
    said = [str(finding) for finding in findings[:_SAID]]
    if len(findings) > _SAID:
        said.append(f"and {len(findings) - _SAID} more")
    raise InvalidPolicyError("; ".join(said), hint=findings[0].hint, findings=tuple(findings))


class _Reader:
    """Reads one file.

    Attributes:
        tree: What it looks with.
    """

    def __init__(self, file: str) -> None:
        self.tree = Tree(file)

    def policy(self, root: Node) -> Policy:
        """What it says, as far as it makes sense."""
        tree = self.tree
        keys = tree.entries(root, _KEYS)
        if "version" in keys:
            tree.word(keys["version"], ("1",))
        stance = self._stance(keys, Stance())
        callers = tuple(self._caller(item, stance) for item in tree.items(keys["callers"])) if "callers" in keys else ()
        images, mounts, secrets = keys.get("images"), keys.get("mounts"), keys.get("secrets")
        return Policy(
            source=tree.file,
            stance=stance,
            callers=callers if "callers" in keys or "floor" in keys else operators(stance),
            images=None
            if images is None
            else tuple(rule for item in tree.items(images) for rule in self._images(item)),
            registries=self._registries(keys["registries"]) if "registries" in keys else (),
            mounts=None if mounts is None else tuple(rule for item in tree.items(mounts) for rule in self._mount(item)),
            resources=self._resources(keys["resources"]) if "resources" in keys else {},
            secrets=None
            if secrets is None
            else tuple(rule for item in tree.items(secrets) for rule in self._secrets(item)),
        )

    def _stance(self, keys: Mapping[str, Node], above: Stance) -> Stance:
        """What some of the keys say; the rest is as ``above``."""
        tree = self.tree
        told: dict[str, object] = {}
        places = dict(above.places)
        for name in ("default", "floor"):
            if name in keys and (word := tree.word(keys[name], PROFILES)) is not None:
                told[name], places[name] = word, tree.place(keys[name])
        if "forbid" in keys:
            told["forbid"] = {
                cast("Loosening", word): tree.place(item)
                for item in tree.items(keys["forbid"])
                if (word := tree.word(item, _FORBIDDABLE)) is not None
            }
        if "networks" in keys:
            words = {tree.word(item, _NETWORKS) for item in tree.items(keys["networks"])}
            told["networks"] = frozenset(cast("set[Network]", {*words - {None}, "none"}))
            places["networks"] = tree.place(keys["networks"])
        stance = replace(above, **told, places=places)
        if not stance.allows(stance.default):
            if "default" in keys:
                tree.fault(keys["default"], f"looser than the floor, which is {stance.floor}")
            else:  # a floor alone brings the default down with it
                stance = replace(stance, default=stance.floor)
        return stance

    def _caller(self, node: Node, above: Stance) -> CallerRule:
        keys = self.tree.entries(node, ("who", *_STANCE))
        if "who" not in keys:
            self.tree.fault(node, "says nobody", f"Name them: who: [{', '.join(CALLERS)}, token NAME].")
        return CallerRule(self._who(keys), self._stance(keys, above))

    def _who(self, keys: Mapping[str, Node]) -> Who:
        if "who" not in keys:
            return Who()
        names: list[str] = []
        for item in self.tree.items(keys["who"]):
            text = self.tree.text(item)
            if text is not None and (text in {*CALLERS, "*"} or _TOKEN.fullmatch(text) is not None):
                names.append(text)
            elif text is not None:
                self.tree.fault(item, f"nobody is called so; one of {', '.join(CALLERS)}, token NAME, or '*'")
        return Who(tuple(names))

    def _images(self, node: Node) -> list[ImageRule]:
        tree = self.tree
        keys = tree.entries(node, ("allow", "deny", "who", "why"))
        if ("allow" in keys) == ("deny" in keys):
            tree.fault(node, "needs one of allow and deny", "Such as: - allow: python:*")
            return []
        allows = "allow" in keys
        why = (tree.text(keys["why"]) or "") if "why" in keys else ""
        rules: list[ImageRule] = []
        for item in tree.items(keys["allow" if allows else "deny"]):
            text = tree.text(item)
            try:
                if text is not None:
                    rules.append(
                        ImageRule(allows, ImagePattern.parse(text), self._who(keys), why, self.tree.place(item))
                    )
            except ValueError as error:
                tree.fault(item, str(error))
        return rules

    def _registries(self, node: Node) -> tuple[str, ...]:
        found: list[str] = []
        for item in self.tree.items(node):
            text = self.tree.text(item)
            if text is not None and _REGISTRY.fullmatch(text) is None:
                self.tree.fault(item, "not a registry, such as 127.0.0.1:5000 or registry.lan")
            elif text is not None:
                found.append(text)
        return tuple(found)

    def _mount(self, node: Node) -> list[MountRule]:
        keys = self.tree.entries(node, ("folder", "write", "who"))
        text = self.tree.text(keys["folder"]) if "folder" in keys else None
        if "folder" not in keys:
            self.tree.fault(node, "names no folder", "Such as: - folder: ~/projects")
        if text is None:
            return []
        folder = Path(text).expanduser()
        if not folder.is_absolute():
            self.tree.fault(keys["folder"], "has to be an absolute path, or to begin with ~")
            return []
        write = self.tree.flag(keys["write"]) if "write" in keys else False
        return [MountRule(folder.resolve(), write, self._who(keys), self.tree.place(node))]

    def _resources(self, node: Node) -> dict[Resource, Ceiling]:
        found: dict[Resource, Ceiling] = {}
        for name, value in self.tree.entries(node, _RESOURCES).items():
            number = self.tree.number(value)
            if number is not None:
                found[cast("Resource", name)] = Ceiling(number, self.tree.place(value))
        return found

    def _secrets(self, node: Node) -> list[SecretRule]:
        keys = self.tree.entries(node, ("names", "who"))
        if "names" not in keys:
            self.tree.fault(node, "names no secrets", "Such as: - names: [NPM_*]")
            return []
        names: list[str] = []
        for item in self.tree.items(keys["names"]):
            text = self.tree.text(item)
            if text is not None and _SECRET.fullmatch(text) is None:
                self.tree.fault(item, "not the name of a secret, or a pattern such as NPM_*")
            elif text is not None:
                names.append(text)
        return [SecretRule(tuple(names), self._who(keys), self.tree.place(node))]
