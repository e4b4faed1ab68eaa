"""The wire shapes, shared by every door."""
