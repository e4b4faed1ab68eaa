"""Lines from a container: framed, kept in segment files, read back, cleaned, explained."""
