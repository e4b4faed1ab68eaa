"""A soak: a real `orcaops serve` process under a steady mix of work, watched for what grows and what is left over."""
