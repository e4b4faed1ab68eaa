"""Workflows before anything runs: read, check, expand, order."""
