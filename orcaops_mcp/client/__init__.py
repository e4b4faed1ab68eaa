"""Speaks REST to an engine, for the command line; imports the standard library only, and little of that."""
