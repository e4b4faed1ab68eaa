"""What can run a container."""
