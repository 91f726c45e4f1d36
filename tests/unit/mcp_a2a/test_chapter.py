"""The server that the chapter prints runs with the official kit."""

import asyncio
import re
import runpy
from pathlib import Path
from typing import Any

from mcp import Client

CHAPTER = Path(__file__).parents[3] / "docs/production/mcp-a2a.md"


def test_the_printed_server_answers(tmp_path: Path) -> None:
    found = re.search(r"```python\n(.*?)```", CHAPTER.read_text("utf-8"), re.DOTALL)
    assert found
    (tmp_path / "server.py").write_text(found[1], "utf-8")
    made = runpy.run_path(str(tmp_path / "server.py"))

    async def ask() -> tuple[str, Any]:
        async with Client(made["library"]) as client:
            tools = (await client.list_tools()).tools
            called = await client.call_tool("is_open", {"day": "Sunday"})
            return tools[0].name, called.structured_content

    assert asyncio.run(ask()) == ("is_open", {"result": False})
