"""Calls to the Graph API over HTTP: tokens in headers, answers as JSON objects, failures as GraphApiError."""

from __future__ import annotations

import json
import re
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
from messaging.graph_api.failures import Failure, failure_of
from messaging.graph_api.kept_answers import kept_body
from messaging.graph_api.signature import appsecret_proof
from messaging.graph_api.storable import storable

_PATH_SEGMENT = re.compile(r"[A-Za-z0-9_-]{1,128}")
_HTTP_OK = range(200, 300)
_PAGE_SIZE = "100"
_MAX_PAGES = 500


class _OnePoolAdapter(HTTPAdapter):
    """requests', but the pool of connections to a server is looked for once: each time anew costs more than the JSON."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._pools: dict[tuple[str, object, object], Any] = {}

    def get_connection_with_tls_context(
        self, request: requests.PreparedRequest, verify: Any, proxies: Any = None, cert: Any = None
    ) -> Any:
        scheme, _slashes, rest = (request.url or "").partition("://")
        server = (f"{scheme}://{rest.partition('/')[0]}", verify, cert)
        if proxies or server not in self._pools:
            found: Any = super().get_connection_with_tls_context(request, verify, proxies, cert)
            if proxies:
                return found
            self._pools[server] = found
        return self._pools[server]


def new_session(pool_size: int) -> requests.Session:
    """Return a session that keeps `pool_size` connections alive, repeats nothing and ignores proxies."""
    session = requests.Session()
    session.trust_env = False
    adapter = _OnePoolAdapter(pool_maxsize=pool_size, max_retries=0, pool_block=False)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


class Transport:
    """One token's way to Meta. `served_version` is what Meta last said it answered with; another than `version`
    deserves a warning.
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
            return self._session.send(
                request, timeout=self._timeout_s, allow_redirects=False, proxies={}
            )
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

    def messages_path(self, phone_number_id: str) -> str:
        """Return where a number's messages are posted: below `base_url`, without what is secret."""
        return f"/{self.version}/{phone_number_id}/messages"

    def _url(self, path: tuple[str, ...]) -> str:
        if not all(_PATH_SEGMENT.fullmatch(segment) for segment in path):
            raise RequestError("An id for Meta holds characters that no id has")
        return "/".join((self.base_url, self.version, *path))


def _next_cursor(paging: object) -> str | None:
    """Return where the next page starts; the `next` URL itself holds a token and is not followed."""
    if not isinstance(paging, dict) or not isinstance(paging.get("next"), str):
        return None
    cursors = paging.get("cursors")
    after = cursors.get("after") if isinstance(cursors, dict) else None
    if isinstance(after, str) and after:
        return after
    return parse_qs(urlsplit(paging["next"]).query).get("after", [None])[0]


def _json_object(http_status: int, content: bytes) -> dict[str, Any]:
    try:
        document = storable(json.loads(content))
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise NoAnswerError(
            "The answer is not a JSON object",
            http_status=http_status,
            failure=Failure.NOT_META,
            answer=kept_body(content),
        )
    return document


_NOTHING_SENT = frozenset(
    {
        Failure.NO_ADDRESS,
        Failure.REFUSED,
        Failure.UNREACHABLE,
        Failure.CONNECT_TIMEOUT,
        Failure.CERTIFICATE,
    }
)


def _failure(error: Exception) -> GraphApiError:
    name, failure = type(error).__name__, failure_of(error)
    if failure in _NOTHING_SENT:
        return NotSentError(f"Meta could not be reached ({name})", failure=failure)
    if failure is Failure.TIMEOUT:
        return NoAnswerError("Meta did not answer in time", failure=failure)
    if failure is Failure.NOT_WRITTEN:
        return RequestError(f"The request could not be written ({name})", failure=failure)
    broken = f"The connection broke before Meta's answer was complete ({name})"
    return NoAnswerError(broken, failure=failure)
