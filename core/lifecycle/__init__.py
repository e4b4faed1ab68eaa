"""What may happen next: pure tables."""
