"""Shipped for tests of whoever embeds the engine, ours included."""
