"""The official MCP kit for Python, put against our server and our host, over streams in memory."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import mcp_types as types
from mcp import ClientSession
from mcp.server.lowlevel import Server as KitServer
from mcp.shared.memory import create_client_server_memory_streams
from mcp.shared.message import SessionMessage
from mcp_types.jsonrpc import jsonrpc_message_adapter

from demos_py.algorithms.mcp_host import Host, hear, speak
from demos_py.algorithms.mcp_library import RESOURCES, SERVER, TOOLS, search
from demos_py.algorithms.mcp_server import Server, dump, receive


def as_text(message: SessionMessage) -> str:
    """A message of the kit's as it would go over the wire."""
    return message.message.model_dump_json(by_alias=True, exclude_none=True)


def as_message(text: str) -> SessionMessage:
    """A text of ours as the kit reads it from the wire."""
    return SessionMessage(jsonrpc_message_adapter.validate_json(text))


async def _serve(streams: Any, seen: list[Server]) -> None:
    """Our server behind the kit's streams."""
    reading, writing = streams
    server = Server()
    async for message in reading:
        assert isinstance(message, SessionMessage), message
        server, replies = receive(server, as_text(message))
        seen.append(server)
        for reply in replies:
            await writing.send(as_message(reply))


def with_our_server(
    use: Callable[[ClientSession], Awaitable[Any]], answer: Callable[[str], dict[str, Any]] | None = None
) -> tuple[Any, Server]:
    """What `use` gives with a client session of the kit connected to our server, and the server after it.

    `answer` is the reader: from a question's words to the content of the form.
    """

    async def asked(_context: Any, params: Any) -> types.ElicitResult:
        assert answer is not None
        return types.ElicitResult(action="accept", content=answer(params.message))

    async def run() -> tuple[Any, Server]:
        seen = [Server()]
        async with create_client_server_memory_streams() as (client, server):
            serving = asyncio.create_task(_serve(server, seen))
            async with ClientSession(*client, elicitation_callback=asked if answer else None) as session:
                result = await use(session)
            serving.cancel()
        return result, seen[-1]

    return asyncio.run(asyncio.wait_for(run(), 20))


def kit_server() -> KitServer[Any]:
    """The same library, served by the kit."""

    async def tools(_context: Any, _params: Any) -> types.ListToolsResult:
        return types.ListToolsResult(tools=[types.Tool.model_validate(tool) for tool in TOOLS])

    async def call(context: Any, params: Any) -> types.CallToolResult | types.InputRequiredResult:
        if params.name != "search_catalogue":
            raise ValueError(params.name)
        found = search(params.arguments["words"])
        content = [types.TextContent(type="text", text=dump(found))]
        return types.CallToolResult(content=content, structured_content=found)

    async def resources(_context: Any, _params: Any) -> types.ListResourcesResult:
        listed = [types.Resource(uri=uri, name=name) for uri, (name, _) in RESOURCES.items()]
        return types.ListResourcesResult(resources=listed)

    async def read(_context: Any, params: Any) -> types.ReadResourceResult:
        text = RESOURCES[str(params.uri)][1]
        return types.ReadResourceResult(contents=[types.TextResourceContents(uri=params.uri, text=text)])

    return KitServer(
        SERVER["name"],
        version=SERVER["version"],
        on_list_tools=tools,
        on_call_tool=call,
        on_list_resources=resources,
        on_read_resource=read,
    )


def with_kit_server(host: Host) -> Host:
    """Our host after its job with the kit's server."""

    async def run() -> Host:
        now = host
        kit = kit_server()
        async with create_client_server_memory_streams() as (client, server):
            options = kit.create_initialization_options()
            serving = asyncio.create_task(kit.run(*server, options))
            reading, writing = client
            while not now.done:
                now, text = speak(now)
                if text is not None:
                    await writing.send(as_message(text))
                while now.waiting and not now.done:
                    message = await reading.receive()
                    assert isinstance(message, SessionMessage), message
                    now, back = hear(now, as_text(message))
                    if back is not None:
                        await writing.send(as_message(back))
            serving.cancel()
        return now

    return asyncio.run(asyncio.wait_for(run(), 20))


def kit_answers(*texts: str) -> list[dict[str, Any]]:
    """What the kit's server answers to texts, one after the other; each of them must have one answer."""

    async def run() -> list[dict[str, Any]]:
        kit, out = kit_server(), []
        async with create_client_server_memory_streams() as (client, server):
            serving = asyncio.create_task(kit.run(*server, kit.create_initialization_options()))
            reading, writing = client
            for text in texts:
                await writing.send(as_message(text))
                if "id" in json.loads(text):
                    message = await reading.receive()
                    assert isinstance(message, SessionMessage), message
                    out.append(json.loads(as_text(message)))
            serving.cancel()
        return out

    return asyncio.run(asyncio.wait_for(run(), 20))
