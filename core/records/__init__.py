"""What is true: frozen dataclasses, built from what was stored."""
