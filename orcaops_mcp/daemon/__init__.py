"""The engine process: its TCP door, who may pass it, and how it ends."""
