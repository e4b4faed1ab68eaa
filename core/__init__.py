"""The engine: knows no protocol, no terminal, no environment variable."""
