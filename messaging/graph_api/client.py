"""The one way to Meta: every call of ours to the Graph API."""

from __future__ import annotations

import json
import re
import ssl
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
import urllib3.exceptions
from requests.adapters import HTTPAdapter

from messaging.graph_api.errors import (
    GraphApiError,
    NoAnswerError,
    NotSentError,
    RequestError,
    error_from_response,
    error_object,
)
from messaging.graph_api.signature import appsecret_proof
from messaging.graph_api.storable import storable
from messaging.graph_api.template_calls import TemplateCalls
from messaging.graph_api.values import (
    PhoneNumberFacts,
    SentMessage,
    SubscribedApp,
    TemplateFacts,
    TokenFacts,
)

__all__ = [
    "GraphApi",
    "PhoneNumberFacts",
    "SentMessage",
    "SubscribedApp",
    "TemplateFacts",
    "TokenFacts",
    "new_session",
]

# One unknown field fails a whole read, so what every edition documents is asked for apart from the rest.
# Source: Business phone numbers; WhatsApp Business Account; Template management, 2026-11-22.
PHONE_NUMBER_FIELDS = (
    "id,display_phone_number,verified_name,quality_rating,code_verification_status"
)
PHONE_NUMBER_OPTIONAL_FIELDS = (
    "id,status,name_status,new_name_status,throughput,platform_type,account_mode,"
    "is_official_business_account,whatsapp_business_manager_messaging_limit"
)
ACCOUNT_FIELDS = "id,name,currency,timezone_id,message_template_namespace"
ACCOUNT_OPTIONAL_FIELDS = (
    "id,status,country,account_review_status,business_verification_status,ownership_type,"
    "owner_business_info,primary_funding_id,health_status"
)
TEMPLATE_FIELDS = "id,name,language,category,status,components,parameter_format"
TEMPLATE_OPTIONAL_FIELDS = "quality_score,rejected_reason,previous_category,correct_category"
_PAGE_SIZE = "100"
_MAX_PAGES = 500
_BAD_PARAMETER = 100
_STALE_CURSOR = 131059
_PATH_SEGMENT = re.compile(r"[A-Za-z0-9_-]{1,128}")
_HTTP_OK = range(200, 300)


def new_session(pool_size: int) -> requests.Session:
    """Return a session that keeps `pool_size` connections alive, repeats nothing and ignores proxies."""
    session = requests.Session()
    session.trust_env = False
    adapter = HTTPAdapter(
        pool_connections=2, pool_maxsize=pool_size, max_retries=0, pool_block=False
    )
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


class GraphApi(TemplateCalls):
    """Calls with one token. Every method raises a GraphApiError; only sending may end unknown.

    `served_version` is what Meta last said it answered with; another than `version` deserves a warning.
    """

    def __init__(
        self,
        *,
        base_url: str,
        version: str,
        access_token: str,
        app_secret: str | None = None,
        session: requests.Session,
        timeout_s: tuple[float, float] = (3.05, 15.0),
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.version = version
        self.served_version: str | None = None
        self._token = access_token
        self._app_secret = app_secret or None
        self._session = session
        self._timeout_s = timeout_s
        self._send_requests: dict[str, requests.PreparedRequest] = {}

    def __repr__(self) -> str:
        return f"GraphApi(base_url={self.base_url!r}, version={self.version!r})"

    def send_message(self, phone_number_id: str, payload: Mapping[str, object]) -> SentMessage:
        """POST one message. NoAnswerError: it may have been sent; NotSentError: it was not."""
        answer = self._answer(self._send(phone_number_id, payload))
        sent = SentMessage.from_meta(answer)
        if sent is None:
            raise NoAnswerError("The answer names no message id", http_status=200)
        return sent

    def phone_numbers(self, waba_id: str) -> list[PhoneNumberFacts]:
        """Return all numbers of the account, in Meta's order."""
        rows = self._rows(waba_id, "phone_numbers", fields=PHONE_NUMBER_FIELDS)
        more = self._optional_rows(waba_id, "phone_numbers", fields=PHONE_NUMBER_OPTIONAL_FIELDS)
        facts = [PhoneNumberFacts.from_meta(row | more.get(str(row.get("id")), {})) for row in rows]
        return [number for number in facts if number is not None]

    def phone_number(self, phone_number_id: str) -> PhoneNumberFacts:
        """Return one number; what Meta does not know about it is None."""
        row = self._node(phone_number_id, PHONE_NUMBER_FIELDS, PHONE_NUMBER_OPTIONAL_FIELDS)
        facts = PhoneNumberFacts.from_meta(row)
        if facts is None:
            raise NoAnswerError("The answer names no phone number", http_status=200)
        return facts

    def message_templates(self, waba_id: str) -> list[TemplateFacts]:
        """Return all templates in all languages; starts once more when the cursor went stale (131059)."""
        try:
            rows = self._template_rows(waba_id)
        except GraphApiError as error:
            if error.code != _STALE_CURSOR:
                raise
            rows = self._template_rows(waba_id)
        facts = [TemplateFacts.from_meta(row) for row in rows]
        return [template for template in facts if template is not None]

    def debug_token(self, input_token: str, *, app_id: str, app_secret: str) -> TokenFacts:
        """Return what Meta knows of `input_token`, asked with the token of the same app."""
        app_token = f"{app_id}|{app_secret}"
        answer = self._call(
            "GET",
            "debug_token",
            params={"input_token": input_token},
            token=app_token,
            proof_secret=app_secret,
        )
        facts = TokenFacts.from_meta(answer.get("data"))
        if facts is None:
            raise NoAnswerError("The answer says nothing about the token", http_status=200)
        return facts

    def exchange_token(self, current: str, *, app_id: str, app_secret: str) -> str:
        """Return a new 60-day token for one that has not expired; the current one stays valid until its own end.

        Source: System user tokens, 2026-11-22.
        """
        answer = self._call(
            "GET",
            "oauth",
            "access_token",
            params={
                "grant_type": "fb_exchange_token",
                "client_id": app_id,
                "client_secret": app_secret,
                "set_token_expires_in_60_days": "true",
                "fb_exchange_token": current,
            },
        )
        token = answer.get("access_token")
        if not isinstance(token, str) or not token:
            raise NoAnswerError("The answer holds no token", http_status=200)
        return token

    def revoke_token(self, revoked: str, *, app_id: str, app_secret: str) -> None:
        """End one token for good; our own names the caller. Source: System user tokens, 2026-11-22."""
        answer = self._call(
            "GET",
            "oauth",
            "revoke",
            params={"client_id": app_id, "client_secret": app_secret, "revoke_token": revoked},
        )
        if answer.get("success") is not True:
            raise NoAnswerError("The answer does not confirm the revocation", http_status=200)

    def subscribed_apps(self, waba_id: str) -> list[SubscribedApp]:
        """Return the apps that get webhooks of the account."""
        rows = [SubscribedApp.from_meta(row) for row in self._rows(waba_id, "subscribed_apps")]
        return [app for app in rows if app is not None]

    def subscribe_app(self, waba_id: str) -> None:
        """Subscribe our app to the account's webhooks; harmless when it is. Removes an account override."""
        answer = self._call("POST", waba_id, "subscribed_apps")
        if answer.get("success") is not True:
            raise NoAnswerError("The answer does not confirm the subscription", http_status=200)

    def account(self, waba_id: str) -> dict[str, Any]:
        """Return Meta's own words about the account; a missing `primary_funding_id` means nobody pays."""
        return self._node(waba_id, ACCOUNT_FIELDS, ACCOUNT_OPTIONAL_FIELDS)

    def _node(self, node_id: str, fields: str, optional_fields: str) -> dict[str, Any]:
        row = self._call("GET", node_id, params={"fields": fields})
        try:
            row |= self._call("GET", node_id, params={"fields": optional_fields})
        except GraphApiError:
            return row  # Worth less than the answer we have.
        return row

    def _template_rows(self, waba_id: str) -> list[dict[str, Any]]:
        try:
            fields = f"{TEMPLATE_FIELDS},{TEMPLATE_OPTIONAL_FIELDS}"
            return self._rows(waba_id, "message_templates", fields=fields)
        except GraphApiError as error:
            if error.code != _BAD_PARAMETER or error.subcode is not None:
                raise
            return self._rows(waba_id, "message_templates", fields=TEMPLATE_FIELDS)

    def _optional_rows(self, *path: str, fields: str) -> dict[str, dict[str, Any]]:
        try:
            return {str(row.get("id")): row for row in self._rows(*path, fields=fields)}
        except GraphApiError:
            return {}

    def _rows(self, *path: str, fields: str | None = None) -> list[dict[str, Any]]:
        return [row for page in self._pages(*path, fields=fields) for row in page]

    def _pages(self, *path: str, fields: str | None) -> Iterator[list[dict[str, Any]]]:
        params = {"limit": _PAGE_SIZE} | ({"fields": fields} if fields else {})
        seen: set[str] = set()
        for _page in range(_MAX_PAGES):
            answer = self._call("GET", *path, params=params)
            rows = answer.get("data")
            if not isinstance(rows, list):
                raise NoAnswerError("The answer holds no list", http_status=200)
            yield [row for row in rows if isinstance(row, dict)]
            cursor = _next_cursor(answer.get("paging"))
            if cursor is None or cursor in seen:
                return
            seen.add(cursor)
            params = params | {"after": cursor}

    def _call(
        self,
        method: str,
        *path: str,
        params: dict[str, str] | None = None,
        body: Mapping[str, object] | None = None,
        token: str | None = None,
        proof_secret: str | None = None,
    ) -> dict[str, Any]:
        """Return the JSON object of a successful answer."""
        token, secret = token or self._token, proof_secret or self._app_secret
        params = dict(params or {})
        if secret:
            params["appsecret_proof"] = appsecret_proof(token, secret)
        return self._answer(
            self._exchange(method, self._url(path), params=params, body=body, token=token)
        )

    def _answer(self, response: requests.Response) -> dict[str, Any]:
        self.served_version = response.headers.get("facebook-api-version") or self.served_version
        content = response.content
        if response.status_code not in _HTTP_OK or error_object(content) is not None:
            raise error_from_response(
                http_status=response.status_code, body=content, headers=response.headers
            )
        return _json_object(response.status_code, content)

    def _send(self, phone_number_id: str, payload: Mapping[str, object]) -> requests.Response:
        """POST as `_exchange` does, at two thirds of its cost: only the body differs from one message to the next."""
        try:
            request = self._send_request(phone_number_id).copy()
            request.prepare_body(None, None, json=payload)
            return self._session.send(request, timeout=self._timeout_s, allow_redirects=False)
        except (requests.RequestException, urllib3.exceptions.HTTPError, ValueError) as error:
            failure = _failure(error)
        # Raised outside the handler: the original names the URL and its headers, token included.
        raise failure

    def _send_request(self, phone_number_id: str) -> requests.PreparedRequest:
        prepared = self._send_requests.get(phone_number_id)
        if prepared is None:
            secret = self._app_secret
            request = requests.Request(
                "POST",
                self._url((phone_number_id, "messages")),
                params={"appsecret_proof": appsecret_proof(self._token, secret)} if secret else {},
                headers=self._headers(self._token),
            )
            prepared = self._session.prepare_request(request)
            self._send_requests[phone_number_id] = prepared
        return prepared

    def _headers(self, token: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {token}", "Accept": "application/json"}

    def _exchange(
        self,
        method: str,
        url: str,
        *,
        params: dict[str, str],
        body: Mapping[str, object] | None,
        token: str,
    ) -> requests.Response:
        try:
            return self._session.request(
                method,
                url,
                params=params,
                json=body,
                headers=self._headers(token),
                timeout=self._timeout_s,
                allow_redirects=False,
            )
        except (requests.RequestException, urllib3.exceptions.HTTPError, ValueError) as error:
            failure = _failure(error)
        # Raised outside the handler: the original names the URL and its headers, token included.
        raise failure

    def _url(self, path: tuple[str, ...]) -> str:
        if not all(_PATH_SEGMENT.fullmatch(segment) for segment in path):
            raise RequestError("An id for Meta holds characters that no id has")
        return "/".join((self.base_url, self.version, *path))


def _json_object(http_status: int, content: bytes) -> dict[str, Any]:
    try:
        document = storable(json.loads(content))
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise NoAnswerError("The answer is not a JSON object", http_status=http_status)
    return document


def _next_cursor(paging: object) -> str | None:
    """Return where the next page starts; the `next` URL itself holds a token and is not followed."""
    if not isinstance(paging, dict) or not isinstance(paging.get("next"), str):
        return None
    cursors = paging.get("cursors")
    after = cursors.get("after") if isinstance(cursors, dict) else None
    if isinstance(after, str) and after:
        return after
    return parse_qs(urlsplit(paging["next"]).query).get("after", [None])[0]


# Raised before a connection is used: a bad URL, header or value.
_NEVER_WRITTEN = (
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidSchema,
    requests.exceptions.MissingSchema,
    requests.exceptions.InvalidHeader,
    requests.exceptions.InvalidJSONError,
    urllib3.exceptions.LocationValueError,
    UnicodeEncodeError,
)


def _failure(error: Exception) -> GraphApiError:
    name = type(error).__name__
    if isinstance(error, requests.exceptions.ConnectTimeout) or _never_connected(error):
        return NotSentError(f"Meta could not be reached ({name})")
    if isinstance(error, requests.ReadTimeout):
        return NoAnswerError("Meta did not answer in time")
    if isinstance(error, _NEVER_WRITTEN):
        return RequestError(f"The request could not be written ({name})")
    return NoAnswerError(f"The connection broke before Meta's answer was complete ({name})")


def _never_connected(error: BaseException) -> bool:
    """Tell whether nothing was written: no name, no connection, or a refused certificate."""
    seen: BaseException | None = error
    for _depth in range(8):
        if isinstance(seen, urllib3.exceptions.NewConnectionError | ssl.SSLCertVerificationError):
            return True
        reason = getattr(seen, "reason", None)
        inner = reason if isinstance(reason, BaseException) else None
        if inner is None and seen is not None and seen.args:
            inner = seen.args[0] if isinstance(seen.args[0], BaseException) else None
        if inner is None:
            return False
        seen = inner
    return False
