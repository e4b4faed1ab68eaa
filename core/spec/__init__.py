"""What was asked: pydantic models, frozen, unknown fields refused."""
