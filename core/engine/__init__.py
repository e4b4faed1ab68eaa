"""Queue, schedule, run, record."""
