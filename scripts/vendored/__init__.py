"""The browser libraries that the dashboard ships, at exact versions, taken from npm by `scripts/vendor`."""

__all__ = ()
