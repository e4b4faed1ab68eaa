"""Pictures of the dashboard for the documentation, taken of the demo home."""
