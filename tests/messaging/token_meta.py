"""Meta as far as tokens go: it inspects, revokes and exchanges them and lists numbers to those it accepts."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
import responses
from django.utils import timezone

from messaging import demo
from tests.messaging.conftest import GRAPH

NEW = "EAAnewInventedToken0123456789"
SCOPES = ["whatsapp_business_management", "whatsapp_business_messaging"]
Answer = tuple[int, dict[str, str], str]


def said_of(token_life: timedelta | None = None, **more: Any) -> dict[str, Any]:
    """What debug_token says of a good token of the system user; without a life it never ends."""
    issued_at = more.pop("issued_at", timezone.now() - timedelta(minutes=1))
    expires_at = 0 if token_life is None else _stamp(issued_at + token_life)
    return {
        "app_id": demo.APP_ID,
        "type": "SYSTEM_USER",
        "application": "Bakery Platform",
        "is_valid": True,
        "issued_at": _stamp(issued_at),
        "expires_at": expires_at,
        "scopes": SCOPES,
        "granular_scopes": [{"scope": scope, "target_ids": [demo.WABA_ID]} for scope in SCOPES],
    } | more


def dead(subcode: int = 463) -> dict[str, Any]:
    error = {"code": 190, "subcode": subcode, "message": "Session has expired"}
    return {"app_id": demo.APP_ID, "is_valid": False, "scopes": [], "error": error}


class TokenMeta:
    def __init__(self, mock: responses.RequestsMock) -> None:
        self.tokens: dict[str, dict[str, Any]] = {demo.ACCESS_TOKEN: said_of(), NEW: said_of()}
        self.numbers = [demo.DEFAULT_PHONE_NUMBER_ID]
        self.revoked: list[str] = []
        self.ignores_revocation = False
        self.failure: Exception | None = None
        self.numbers_refusal: int | None = None
        for path, answer in {
            "debug_token": self._inspect,
            "oauth/revoke": self._revoke,
            "oauth/access_token": self._exchange,
            f"{demo.WABA_ID}/phone_numbers": self._list,
            r"\d+": self._one,
        }.items():
            mock.add_callback(
                responses.GET, re.compile(rf"{re.escape(GRAPH)}/{path}(\?|$)"), callback=answer
            )

    def is_accepted(self, token: str) -> bool:
        return bool(self.tokens.get(token, dead())["is_valid"])

    def _inspect(self, request: requests.PreparedRequest) -> Answer:
        self._fail()
        caller = f"{demo.APP_ID}|{demo.APP_SECRET}"
        if _bearer(request) != caller:
            return _refusal(190, "Invalid OAuth access token signature.")
        return _ok({"data": self.tokens.get(_query(request)["input_token"], dead(467))})

    def _revoke(self, request: requests.PreparedRequest) -> Answer:
        self._fail()
        query = _query(request)
        assert (query["client_id"], query["client_secret"]) == (demo.APP_ID, demo.APP_SECRET)
        if not self.is_accepted(_bearer(request)):
            return _refusal(190, "Session has expired")
        self.revoked.append(query["revoke_token"])
        if not self.ignores_revocation:
            self.tokens[query["revoke_token"]] = dead(467)
        return _ok({"success": True})

    def _exchange(self, request: requests.PreparedRequest) -> Answer:
        self._fail()
        if not self.is_accepted(_query(request)["fb_exchange_token"]):
            return _refusal(190, "Session has expired")
        return _ok({"access_token": NEW, "token_type": "bearer", "expires_in": 5183944})

    def _list(self, request: requests.PreparedRequest) -> Answer:
        self._fail()
        if not self.is_accepted(_bearer(request)):
            return _refusal(190, "Session has expired")
        if self.numbers_refusal is not None:
            return _refusal(self.numbers_refusal, "Permissions error")
        return _ok({"data": [_number(phone_number_id) for phone_number_id in self.numbers]})

    def _one(self, request: requests.PreparedRequest) -> Answer:
        phone_number_id = urlsplit(str(request.url)).path.rpartition("/")[2]
        if phone_number_id not in self.numbers:
            return _refusal(100, "Unsupported get request", subcode=33)
        return _ok(_number(phone_number_id))

    def _fail(self) -> None:
        if self.failure is not None:
            raise self.failure


def _number(phone_number_id: str) -> dict[str, str]:
    return {"id": phone_number_id, "display_phone_number": "+34 612 345 678"}


def _bearer(request: requests.PreparedRequest) -> str:
    return str(request.headers["Authorization"]).removeprefix("Bearer ")


def _query(request: requests.PreparedRequest) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(str(request.url)).query).items()}


def _ok(body: dict[str, Any]) -> Answer:
    return 200, {}, json.dumps(body)


def _refusal(code: int, message: str, *, subcode: int | None = None) -> Answer:
    error = {"code": code, "message": message, "type": "OAuthException"}
    return 400, {}, json.dumps({"error": error | ({"error_subcode": subcode} if subcode else {})})


def _stamp(moment: datetime) -> int:
    return int(moment.timestamp())
