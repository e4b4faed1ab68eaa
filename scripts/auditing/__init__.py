"""Whether a locked dependency has a known vulnerability."""

__all__ = ()
