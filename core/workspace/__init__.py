"""Folders that are sent in whole: what belongs to them, by the rules of git and Docker, and the hashes of it."""
