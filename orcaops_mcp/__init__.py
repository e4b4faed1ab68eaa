"""Doors onto the engine."""
