"""The examples of the document are requests that work, for whoever may make them and for nobody else."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from config.openapi import document
from tests.openapi import world

pytestmark = pytest.mark.django_db
#: What the examples of these cannot do in a world that is made for all of them.
OTHERWISE = {
    "getOpenApi": "has no example that matters",
    "createBinaryContent": "the example stands for the bytes of a file",
    "replaceBinaryContent": "the same",
    "changeBinaryContent": "the same",
    "storeVoicemailMessage": "the same",
    "uploadBroadcastList": "the same",
    "getMemberPicture": "nobody has a picture",
    "deleteSchedule": "is in use: 409",
    "deleteMessageSet": "the same",
    "deleteBinaryContent": "the same",
    "deleteIdentity": "has subscriptions: 409",
    "changeTelephonyUser": "the example's entity tag is another record's: 412",
    "deleteTelephonyUser": "the same",
    "changeVoicemail": "the same",
    "deleteVoicemail": "the same",
    "switchChannel": "there is no set for another channel",
    "pauseSubscriptions": "the example's time has passed",
    "cancelScheduledNotices": "nothing is scheduled",
    "unblockMessageSenders": "nobody is blocked",
    "streamMessages": "does not end",
    "streamNotices": "does not end",
}


def operations():
    return [
        (method, path, operation)
        for path, methods in document()["paths"].items()
        for method, operation in methods.items()
        if operation["operationId"] not in OTHERWISE
    ]


@pytest.fixture
def headers(settings, tmp_path):
    return world.make(settings, tmp_path)


def call(client: Client, method: str, path: str, operation, **headers):
    """The example of an operation as a request."""
    query = {}
    for each in operation.get("parameters", []):
        if each["in"] == "path":
            path = path.replace("{" + each["name"] + "}", str(each["example"]))
        elif each["in"] == "header":
            continue
        elif each.get("required"):
            query[each["name"]] = each["example"]
    media, body = body_of(operation)
    return client.generic(method.upper(), path, body, content_type=media, query_params=query, headers=headers)


def body_of(operation):
    """The example of a request's body, in JSON where it may be that, and its media type."""
    content = operation.get("requestBody", {}).get("content", {})
    media = min(content, key=lambda name: name != "application/json", default="application/json")
    example = content.get(media, {}).get("example", "")
    return media, example if isinstance(example, str) else json.dumps(example)


@pytest.mark.parametrize("case", operations(), ids=lambda case: case[2]["operationId"])
def test_the_example_works(case, headers):
    method, path, operation = case
    client = Client()
    if operation["tags"] == ["Hospitality"] and operation["operationId"] != "logInToApp":
        headers = world.log_in_to_app(client)
    answer = call(client, method, path, operation, **headers)
    answer.close()
    assert 200 <= answer.status_code < 300, answer.content


def test_no_example_works_for_somebody_unknown(headers):
    answers = {
        operation["operationId"]: call(Client(), method, path, operation, Accept="application/json")
        for method, path, operation in operations()
        if operation.get("security") and {} not in operation["security"]
    }
    assert len(answers) > 100
    assert {name: answer for name, answer in answers.items() if answer.status_code not in (401, 403)} == {}
