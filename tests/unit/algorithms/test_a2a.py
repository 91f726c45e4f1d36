"""The A2A agent's messages by the types of the official kit (protobuf, unknown fields refused)."""

import json
from typing import Any

import pytest
from a2a import types
from google.protobuf import json_format

from demos_py.algorithms.a2a import CARD, Agent, receive, session


def of_kit(message: Any, data: dict[str, Any]) -> Any:
    return json_format.ParseDict(data, message)


@pytest.mark.parametrize("asks", [False, True])
@pytest.mark.parametrize("work", [1, 2, 5])
def test_every_message_is_of_the_kits_types(asks: bool, work: int) -> None:
    states = []
    sent = session("information theory", asks, work)
    for (_, asked), (_, answered) in zip(sent[::2], sent[1::2], strict=True):
        request, response = json.loads(asked), json.loads(answered)
        assert request["id"] == response["id"] and request["jsonrpc"] == response["jsonrpc"] == "2.0"
        if request["method"] == "SendMessage":
            of_kit(types.SendMessageRequest(), request["params"])
            task = of_kit(types.SendMessageResponse(), response["result"]).task
        else:
            of_kit(types.GetTaskRequest(), request["params"])
            task = of_kit(types.Task(), response["result"])
        states.append(types.TaskState.Name(task.status.state))
    asked_back = ["TASK_STATE_INPUT_REQUIRED"] * asks
    assert states == [*asked_back, *["TASK_STATE_WORKING"] * work, "TASK_STATE_COMPLETED"]
    assert "Elements of Information Theory" in task.artifacts[0].parts[0].text


def test_the_card_is_one() -> None:
    assert of_kit(types.AgentCard(), CARD).skills[0].id == "list"


def test_what_is_not_there_is_an_error() -> None:
    for request, code in (
        ({"method": "GetTask", "params": {"id": "t-9"}}, -32001),
        ({"method": "tasks/send", "params": {}}, -32601),
    ):
        _, reply = receive(Agent(False, 1), json.dumps({"jsonrpc": "2.0", "id": 1} | request))
        assert json.loads(reply)["error"]["code"] == code
