"""The small pieces that stand many times on a page, faster than a macro would make them: icons, statuses, times."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from markupsafe import Markup

from orcaops_mcp.web.filters import NONE, ago, duration, iso, seconds_since
from orcaops_mcp.web.words import look_of

if TYPE_CHECKING:
    from datetime import datetime

    from orcaops_mcp.web.assets import Assets

_SPRITE: Final = "vendor/lucide/icons.svg"
_FILLED: Final = frozenset({"failed", "timed_out"})
_ICON: Final = Markup('<svg class="icon icon-{name}"{said}><use href="{sprite}#{name}"/></svg>')
_SAID: Final = Markup(' role="img" aria-label="{}"')
_UNSAID: Final = Markup(' aria-hidden="true"')
_BADGE: Final = Markup('<span class="status status-{status}{filled}">{icon}<span>{word}</span></span>')
_SHAPE: Final = Markup('<span class="status status-{status} shape">{icon}</span>')
_WHEN: Final = Markup('<time datetime="{at}" title="{at}" data-ago>{ago}</time>')
_SPAN: Final = Markup('<span class="num">{}</span>')
_GROWING: Final = Markup('<span class="num" data-since="{}">{}</span>')
_MOST: Final = 500


class Signs:
    """Makes them.

    Args:
        assets: Where the icons are.
    """

    def __init__(self, assets: Assets) -> None:
        self._sprite = assets.address(_SPRITE)
        self.icon = lru_cache(_MOST)(self._icon)
        self.badge = lru_cache(_MOST)(self._badge)
        self.shape = lru_cache(_MOST)(self._shape)

    def _icon(self, name: str, label: str = "") -> Markup:
        """An icon; with a label it says something by itself."""
        return _ICON.format(name=name, said=_SAID.format(label) if label else _UNSAID, sprite=self._sprite)

    def _badge(self, status: str) -> Markup:
        """A status by shape, word and colour."""
        look, filled = look_of(status), " filled" if status in _FILLED else ""
        return _BADGE.format(status=status, filled=filled, icon=self.icon(look.icon), word=look.word)

    def _shape(self, status: str) -> Markup:
        """A status by shape and colour, its word for those who do not see."""
        look = look_of(status)
        return _SHAPE.format(status=status, icon=self.icon(look.icon, look.word))


def when(at: datetime | str | None) -> Markup | str:
    """A moment: how long ago, its exact time in UTC when pointed at; kept up by the page."""
    return _WHEN.format(at=iso(at), ago=ago(at)) if at else NONE


def span(seconds: float | None, since: datetime | str | None = None) -> Markup | str:
    """A span that has ended, or one that still grows since a moment."""
    if seconds is not None:
        return _SPAN.format(duration(seconds))
    return _GROWING.format(iso(since), duration(seconds_since(since))) if since else NONE
