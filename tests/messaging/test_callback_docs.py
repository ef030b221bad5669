"""What callers copy from the documents works."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from messaging.services.callback_posts import signature_headers
from messaging.services.callback_recording import DELAYS_S
from messaging.services.callbacks import MOST
from tests.conftest import ROOT
from tests.factories import CallbackFactory

TEXT = (ROOT / "docs" / "callbacks.md").read_text(encoding="utf-8")
BODY = '{"type":"ping","data":{"text":"Panadería 🥐"}}'
OTHER = "whsec_" + "QUJD" * 11


@pytest.fixture
def is_ours():
    (code,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    found: dict[str, object] = {}
    exec(code, found)  # noqa: S102 (our own document)
    return found["is_ours"]


def headers(*secrets, at=None):
    return signature_headers(
        secrets=secrets, webhook_id="id-1", at=at or datetime.now(UTC), body=BODY
    )


def test_the_check_that_callers_copy_takes_what_we_sign_and_nothing_else(is_ours):
    secret, raw = CallbackFactory.secret, BODY.encode()
    genuine = headers(secret)
    earlier = str(int(genuine["webhook-timestamp"]) - 1)
    assert is_ours(genuine, raw, secret)
    assert is_ours(headers(OTHER, secret), raw, secret)
    assert not is_ours(headers(OTHER), raw, secret)
    assert not is_ours(genuine, raw + b" ", secret)
    assert not is_ours(genuine | {"webhook-id": "id-2"}, raw, secret)
    assert not is_ours(genuine | {"webhook-timestamp": earlier}, raw, secret)
    assert not is_ours(headers(secret, at=datetime.now(UTC) - timedelta(minutes=6)), raw, secret)


def test_the_document_names_the_true_times_and_limits():
    assert DELAYS_S == (5, 30, 120, 600, 1800, 3600)
    assert "after 5 s, 30 s, 2 min, 10 min, 30 min, 1 h and then hourly" in TEXT
    assert MOST == 10
    assert "Ten callbacks at most" in TEXT
