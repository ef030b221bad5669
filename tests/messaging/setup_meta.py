"""Meta as far as the set-up asks it: everything is in order until a test takes a part out."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
import responses

from messaging import demo
from messaging.services.setup.fields import NEEDED, USEFUL
from tests.messaging.token_meta import Answer, dead, said_of

HOST = "bakery.example.com"
SITE = f"https://{HOST}"
PUBLIC_IP = "93.184.216.34"
ADDRESS = f"{SITE}/api/v1/whatsapp/webhook"


def number(phone_number_id: str = demo.DEFAULT_PHONE_NUMBER_ID, **more: Any) -> dict[str, Any]:
    return {
        "id": phone_number_id,
        "display_phone_number": f"+34 612 345 {phone_number_id[-3:]}",
        "verified_name": "Bakery Platform",
        "quality_rating": "GREEN",
        "code_verification_status": "VERIFIED",
        "status": "CONNECTED",
        "webhook_configuration": {"application": ADDRESS},
    } | more


class SetupMeta:
    """`refusals` answers a path with an error instead, as (HTTP status, code); `failure` breaks every connection.

    `refuses_token` is the code with which every call of the access token is refused, debug_token saying nothing of it.
    """

    def __init__(self, mock: responses.RequestsMock) -> None:
        self.account: dict[str, Any] = {
            "id": demo.WABA_ID,
            "name": demo.ACCOUNT_NAME,
            "currency": "EUR",
            "status": "ACTIVE",
            "account_review_status": "APPROVED",
            "business_verification_status": "verified",
            "primary_funding_id": "446000000000007",
        }
        self.numbers = [number()]
        self.templates = [demo.TEMPLATES[0]]
        self.tokens: dict[str, dict[str, Any]] = {demo.ACCESS_TOKEN: said_of()}
        self.apps = {f"{demo.APP_ID}|{demo.APP_SECRET}"}
        self.subscribed = [demo.APP_ID]
        self.override = ""
        self.callback_url = ADDRESS
        self.fields = [*NEEDED, *USEFUL]
        self.version = "v26.0"
        self.failure: Exception | None = None
        self.refusals: dict[str, tuple[int, int]] = {}
        self.refuses_token: int | None = None
        self.asked: list[str] = []
        self.posted: dict[str, Any] = {}
        graph = re.compile(r"https://graph\.facebook\.com/")
        for method in (responses.GET, responses.POST):
            mock.add_callback(method, graph, callback=self._answer)
        mock.add_callback(responses.GET, ADDRESS, callback=self.ourselves)
        self.own_answer: Answer | Exception | None = None

    def ourselves(self, request: requests.PreparedRequest) -> Answer:
        """Our own address, as Meta would see it."""
        if isinstance(self.own_answer, Exception):
            raise self.own_answer
        return self.own_answer or (200, {}, _query(request)["hub.challenge"])

    def _answer(self, request: requests.PreparedRequest) -> Answer:
        path = urlsplit(str(request.url)).path.split("/", 2)[2]
        self.asked.append(f"{request.method} {path}")
        if self.failure is not None:
            raise self.failure
        if path in self.refusals:
            status, code = self.refusals[path]
            return self._told({"error": {"code": code, "message": "No"}}, status)
        return self._routed(request, path)

    def _routed(self, request: requests.PreparedRequest, path: str) -> Answer:
        node, _slash, edge = path.partition("/")
        if node == "debug_token":
            return self._inspected(request)
        if request.method == "POST" and edge == "subscribed_apps":
            self.subscribed, self.override = [demo.APP_ID], ""
            return self._told({"success": True})
        if edge == "subscriptions" and request.method == "POST":
            self.posted = json.loads(request.body or "{}")
            self.fields = self.posted["fields"].split(",")
            return self._told({"success": True})
        if edge == "subscriptions":
            return self._told({"data": self._subscriptions()})
        if not self._is_accepted(request):
            return self._told({"error": {"code": 190, "message": "expired"}}, 401)
        if self.refuses_token is not None:
            return self._told({"error": {"code": self.refuses_token, "message": "No"}}, 403)
        if node == demo.WABA_ID:
            return self._of_account(edge)
        known = next((row for row in self.numbers if row["id"] == node), None)
        if known is None:
            error = {"code": 100, "error_subcode": 33, "message": "Unsupported get request"}
            return self._told({"error": error}, 400)
        return self._told(known)

    def _of_account(self, edge: str) -> Answer:
        rows: dict[str, list[dict[str, Any]]] = {
            "phone_numbers": self.numbers,
            "message_templates": self.templates,
            "subscribed_apps": [self._app(app_id) for app_id in self.subscribed],
        }
        return self._told({"data": rows[edge]} if edge else self.account)

    def _app(self, app_id: str) -> dict[str, Any]:
        row: dict[str, Any] = {"whatsapp_business_api_data": {"id": app_id, "name": "App"}}
        return row | ({"override_callback_uri": self.override} if self.override else {})

    def _subscriptions(self) -> list[dict[str, Any]]:
        if not self.callback_url:
            return []
        fields = [{"name": name, "version": "v26.0"} for name in self.fields]
        return [
            {
                "object": "whatsapp_business_account",
                "callback_url": self.callback_url,
                "active": True,
                "fields": fields,
            }
        ]

    def _inspected(self, request: requests.PreparedRequest) -> Answer:
        asked = _query(request)["input_token"]
        if _bearer(request) not in self.apps:
            return self._told({"error": {"code": 190, "message": "Invalid signature"}}, 400)
        if asked in self.apps:
            return self._told({"data": {"app_id": demo.APP_ID, "type": "APP", "is_valid": True}})
        return self._told({"data": self.tokens.get(asked, dead(467))})

    def _is_accepted(self, request: requests.PreparedRequest) -> bool:
        return bool(self.tokens.get(_bearer(request), dead())["is_valid"])

    def _told(self, body: dict[str, Any], status: int = 200) -> Answer:
        return status, {"facebook-api-version": self.version}, json.dumps(body)


def _bearer(request: requests.PreparedRequest) -> str:
    return str(request.headers["Authorization"]).removeprefix("Bearer ")


def _query(request: requests.PreparedRequest) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(str(request.url)).query).items()}
