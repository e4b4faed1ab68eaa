"""`orcaops jobs` and its commands, a subject a module."""
