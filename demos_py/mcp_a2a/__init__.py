"""The figures of the chapter on MCP and A2A."""

CHAPTER = 14
