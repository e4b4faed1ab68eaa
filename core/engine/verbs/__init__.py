"""The engine's verbs, a subject a module."""
