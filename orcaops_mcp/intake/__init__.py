"""What callers ask, before the engine is asked: who they are, and their words in the engine's form."""
