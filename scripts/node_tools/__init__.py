"""The MCP Inspector, the conformance suites and the TypeScript SDK, at exact versions, for the tests."""

__all__ = ()
