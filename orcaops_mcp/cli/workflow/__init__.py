"""`orcaops workflow`: the workflow language, in this process and without an engine."""
