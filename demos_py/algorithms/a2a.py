"""An agent of the Agent2Agent protocol as a pure function, and a caller that gives it one task.

The agent makes a reading list. It may ask back, works for some polls, and hands over an artifact.

Source: Agent2Agent Protocol 1.0.0 (Linux Foundation, 2026-03-12), JSON-RPC binding: SendMessage, GetTask, TaskState.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from demos_py.algorithms.mcp_library import search
from demos_py.algorithms.mcp_server import Json, dump, parse

CARD: Json = {
    "name": "Reading lists",
    "description": "Makes a list of what to read on a subject, and asks where it must.",
    "version": "1.0.0",
    "supportedInterfaces": [
        {"url": "https://lists.example/a2a", "protocolBinding": "JSONRPC", "protocolVersion": "1.0"}
    ],
    "capabilities": {"streaming": False, "pushNotifications": False},
    "defaultInputModes": ["text/plain"],
    "defaultOutputModes": ["text/plain"],
    "skills": [
        {
            "id": "list",
            "name": "Reading list",
            "description": "From a subject to an ordered list.",
            "tags": ["books"],
        }
    ],
}
CARD_AT = "/.well-known/agent-card.json"
SUBMITTED, WORKING, ASKS, COMPLETED = (
    f"TASK_STATE_{state}" for state in ("SUBMITTED", "WORKING", "INPUT_REQUIRED", "COMPLETED")
)
NO_TASK, NO_METHOD = -32001, -32601


@dataclass(frozen=True)
class Agent:
    """The agent's one task: its state, what was asked for, and how many more polls it will work."""

    asks: bool
    work: int
    state: str = ""
    subject: str = ""


def _status(state: str) -> Json:
    if state != ASKS:
        return {"state": state}
    question = {
        "role": "ROLE_AGENT",
        "messageId": "m-agent-1",
        "parts": [{"text": "For a beginner, or not?"}],
    }
    return {"state": state, "message": question}


def _task(agent: Agent) -> Json:
    task: Json = {"id": "t-1", "contextId": "c-1", "status": _status(agent.state)}
    if agent.state == COMPLETED:
        titles = [book["title"] for book in search(agent.subject, 9)["books"]]
        lines = (
            "\n".join(f"{n}. {title}" for n, title in enumerate(titles, 1))
            or "The library has nothing on it."
        )
        task["artifacts"] = [{"artifactId": "a-1", "name": "Reading list", "parts": [{"text": lines}]}]
    return task


def receive(agent: Agent, text: str) -> tuple[Agent, str]:
    """The agent after a request, and its response."""
    message = parse(text)
    method, params, number = message.get("method"), message.get("params", {}), message.get("id")
    if method == "SendMessage":
        if not agent.state:
            said = "".join(part.get("text", "") for part in params["message"]["parts"])
            agent = replace(agent, state=ASKS if agent.asks else WORKING, subject=said)
        elif agent.state == ASKS:
            agent = replace(agent, state=WORKING)
        result: Json = {"task": _task(agent)}
    elif method == "GetTask" and params.get("id") == "t-1" and agent.state:
        if agent.state == WORKING:
            agent = replace(agent, work=agent.work - 1)
            agent = replace(agent, state=WORKING if agent.work > 0 else COMPLETED)
        result = _task(agent)
    elif method == "GetTask":
        return agent, dump(
            {"jsonrpc": "2.0", "id": number, "error": {"code": NO_TASK, "message": "Task not found"}}
        )
    else:
        said = f"Method not found: {method}"
        return agent, dump({"jsonrpc": "2.0", "id": number, "error": {"code": NO_METHOD, "message": said}})
    return agent, dump({"jsonrpc": "2.0", "id": number, "result": result})


def session(subject: str, asks: bool, work: int) -> list[tuple[str, str]]:
    """A whole job, as (sender, text): the caller sends the task, answers a question, and polls until it is done.

    `work` is the number of polls that the agent needs, at least 1.
    """
    out: list[tuple[str, str]] = []
    agent, state, task, number = Agent(asks, max(work, 1)), "", {}, 0
    while state != COMPLETED and number < 40:
        number += 1
        if state in ("", ASKS):
            said: Json = {"role": "ROLE_USER", "messageId": f"m-{number}", "parts": [{"text": subject}]}
            if state == ASKS:
                said |= {
                    "taskId": task["id"],
                    "contextId": task["contextId"],
                    "parts": [{"text": "For a beginner."}],
                }
            asked: Json = {"method": "SendMessage", "params": {"message": said}}
        else:
            asked = {"method": "GetTask", "params": {"id": task["id"]}}
        text = dump({"jsonrpc": "2.0", "id": number} | asked)
        agent, reply = receive(agent, text)
        out += [("caller", text), ("agent", reply)]
        result = parse(reply)["result"]
        task = result.get("task", result)
        state = task["status"]["state"]
    return out
