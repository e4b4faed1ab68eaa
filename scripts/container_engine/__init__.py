"""A Docker Engine, images and registries on a machine that may have none of them."""

__all__ = ()
