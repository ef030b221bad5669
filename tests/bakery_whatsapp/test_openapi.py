from __future__ import annotations

import re
from io import StringIO

import pytest
from django.core.management import call_command
from django.urls import reverse

from messaging.api import serializers
from messaging.api.docs import SEND_EXAMPLE
from messaging.api.urls import urlpatterns


@pytest.fixture
def schema(client):
    answer = client.get("/api/schema", {"format": "json"}, headers={"Accept-Language": "es"})
    assert answer.status_code == 200
    return answer.json()


def operations(schema):
    return [operation for path in schema["paths"].values() for operation in path.values()]


def test_the_schema_is_valid_and_made_without_warnings():
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=StringIO())


def test_the_schema_names_every_endpoint(schema):
    known = {re.sub(r"<\w+:(\w+)>", r"{\1}", f"/api/v1/{row.pattern}") for row in urlpatterns}
    assert schema["paths"].keys() == known


def test_each_operation_is_described(schema):
    for operation in operations(schema):
        assert operation["summary"]
        assert operation["description"]
        assert operation["tags"] in (["whatsapp"], ["whatsapp-admin"])
        assert operation["security"] == [{"apiKey": []}]
        assert {"401", "403", "429", "503"} <= operation["responses"].keys()


def test_each_answer_with_a_body_has_an_example(schema):
    for operation in operations(schema):
        for status, answer in operation["responses"].items():
            if status != "204":
                assert answer["content"]["application/json"]["examples"], (operation, status)


def test_the_schema_is_english_whatever_the_reader_speaks(schema):
    assert "waiting" in schema["components"]["schemas"]["MessageStatus"]["description"]


def test_the_example_of_a_send_is_one():
    body = serializers.SendIn(data=SEND_EXAMPLE)
    assert body.is_valid(), body.errors


def test_the_page_loads_its_scripts_from_ourselves_and_runs_none_inline(client):
    answer = client.get(reverse("docs"))
    page = answer.text
    sources = re.findall(r"<script[^>]*src=\"([^\"]+)\"", page)
    assert answer.status_code == 200
    assert len(sources) == len(re.findall(r"<script", page)) == 3
    assert all(source.startswith("/") for source in sources)
    assert "script-src" not in answer.headers["Content-Security-Policy"]
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    for source in sources:
        script = client.get(source)
        assert script.status_code == 200
        assert "javascript" in script.headers["Content-Type"]
