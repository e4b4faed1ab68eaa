"""The doors of OrcaOps: MCP, REST, the command line.

Nothing is imported here, so that the bridge starts at once.
"""

__version__ = "0.1.0"
