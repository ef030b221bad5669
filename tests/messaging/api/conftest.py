from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client

from tenants.models import ApiKey, Scope, Tenant
from tests.factories import (
    DefaultNumberFactory,
    NoticeKindFactory,
    TemplateFactory,
    TenantFactory,
    body,
    make_api_key,
)

SEND = "/api/v1/whatsapp/send"
MESSAGES = "/api/v1/whatsapp/messages"
TENANTS = "/api/v1/admin/whatsapp/tenants"
CALLBACKS = "/api/v1/whatsapp/callbacks"
DATES = "/api/v1/admin/whatsapp/dates"
NUMBERS = "/api/v1/admin/whatsapp/phone-numbers"


class Api:
    """A caller with one key."""

    def __init__(self, secret: str | None, api_key: ApiKey | None = None) -> None:
        self.secret = secret
        self.api_key = api_key
        self.client = Client(raise_request_exception=False)

    def call(self, method: str, path: str, data: Any = None, **headers: str) -> Any:
        if self.secret is not None:
            headers.setdefault("Authorization", f"Bearer {self.secret}")
        sent: dict[str, Any] = {"headers": headers}
        if method == "get":
            return self.client.get(path, data, **sent)
        if method != "delete":
            sent |= {"data": "" if data is None else data, "content_type": "application/json"}
        return getattr(self.client, method)(path, **sent)

    def get(self, path: str, query: dict[str, Any] | None = None, **headers: str) -> Any:
        return self.call("get", path, query, **headers)

    def post(self, path: str, data: Any = None, **headers: str) -> Any:
        return self.call("post", path, data, **headers)

    def put(self, path: str, data: Any = None, **headers: str) -> Any:
        return self.call("put", path, data, **headers)

    def patch(self, path: str, data: Any = None, **headers: str) -> Any:
        return self.call("patch", path, data, **headers)

    def delete(self, path: str, **headers: str) -> Any:
        return self.call("delete", path, **headers)


@dataclass(frozen=True, slots=True)
class Bakery:
    """A bakery and a caller with its key."""

    tenant: Tenant
    api: Api

    def order(self, **changes: Any) -> dict[str, Any]:
        """The body of the guide's step 8.3, to an invented recipient."""
        return {
            "tenant_id": str(self.tenant.pk),
            "recipient_phone": "+34600000101",
            "recipient_name": "Juan García",
            "message_type": "template",
            "template": template(),
            **changes,
        }

    def send(self, headers: dict[str, str] | None = None, **changes: Any) -> Any:
        return self.api.post(SEND, self.order(**changes), **(headers or {}))


def template(*texts: str, **changes: Any) -> dict[str, Any]:
    texts = texts or ("Juan García", "PO-TEST-001", "€150.00")
    return {
        "template_name": "po_notification",
        "language": "es",
        "components": body(*texts),
        **changes,
    }


def refusal(answer: Any) -> tuple[int, str]:
    """(status, code) of a refusal, whose shape is checked on the way."""
    error = answer.json()["error"]
    assert answer.json().keys() == {"error"}
    assert error.keys() == {"code", "message", "fields"}
    assert error["message"]
    assert all(isinstance(text, str) and text for text in error["fields"].values())
    assert answer.headers["Content-Type"] == "application/json"
    return answer.status_code, error["code"]


def _bakery(name: str, secret: str) -> Bakery:
    tenant = TenantFactory(name=name)
    return Bakery(tenant, Api(secret, make_api_key(secret, tenant=tenant)))


@pytest.fixture
def sendable(db, broker):
    """What a bakery needs to send: the default number and an approved template."""
    DefaultNumberFactory()
    NoticeKindFactory()
    return TemplateFactory()


@pytest.fixture
def ana(sendable) -> Bakery:
    return _bakery("Panadería San Juan", "bw_ana")


@pytest.fixture
def carla(sendable) -> Bakery:
    return _bakery("Bakery Artesano", "bw_carla")


@pytest.fixture
def platform(sendable) -> Api:
    secret = "bw_platform"
    return Api(secret, make_api_key(secret, scopes=Scope.values))


@pytest.fixture
def nobody() -> Api:
    return Api(None)
