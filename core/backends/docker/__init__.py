"""The Docker backend; the only place with docker-py."""
