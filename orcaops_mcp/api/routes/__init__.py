"""What answers at which path, a subject a module."""
