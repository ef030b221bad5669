"""One call to the Graph: what was asked, by whom, and how its answer is cut to the fields asked for."""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.utils import timezone

from messaging import demo
from messaging.simulator import account, versions
from messaging.simulator.envelope import RefusalError, bad_token

_VERSION = re.compile(r"v\d{1,3}\.\d{1,3}")
_APP_TOKEN = f"{demo.APP_ID}|{demo.APP_SECRET}"
_PAGE_LIMIT = 100
_USUAL_PAGE = 25


@dataclass(frozen=True, slots=True)
class GraphRequest:
    """`parts` are the path's pieces after the version; `body` holds JSON or form fields, `query` the query string."""

    method: str
    version: str
    parts: tuple[str, ...]
    query: dict[str, str]
    body: dict[str, Any]
    token: str
    url: str

    def value(self, name: str) -> Any:
        return self.body[name] if name in self.body else self.query.get(name)


def read_request(request: HttpRequest, rest: str) -> GraphRequest:
    """Take the call apart. Slashes at the end or doubled do no harm, as at Meta. Raises RefusalError."""
    parts = [part for part in rest.split("/") if part]
    asked = parts.pop(0) if parts and _VERSION.fullmatch(parts[0]) else versions.NEWEST
    version = versions.served_by(asked, today=timezone.now().date())
    if version is None:
        raise RefusalError(2500, message=f"Unknown path components: /{asked}")
    query = {name: str(value) for name, value in request.GET.items()}
    return GraphRequest(
        method=str(request.method),
        version=version,
        parts=tuple(parts),
        query=query,
        body=_body_of(request),
        token=_token_of(request, query),
        url=request.build_absolute_uri(request.path),
    )


def _body_of(request: HttpRequest) -> dict[str, Any]:
    if request.method == "GET" or not request.body:
        return {}
    if request.content_type in ("application/x-www-form-urlencoded", "multipart/form-data"):
        return {name: str(value) for name, value in request.POST.items()}
    try:
        body = json.loads(request.body)
    except (ValueError, RecursionError) as error:
        raise RefusalError(100, "The body is not valid JSON") from error
    if not isinstance(body, dict):
        raise RefusalError(100, "The body must be a JSON object")
    return body


def _token_of(request: HttpRequest, query: Mapping[str, str]) -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() in ("bearer", "oauth") else query.get("access_token", "")


def check_token(token: str) -> None:
    """Raise RefusalError unless this is a live token of the system user."""
    if not token:
        raise RefusalError(200, message="(#200) Provide an access token to request this resource.")
    facts = account.token_facts(token)
    if facts is None:
        raise bad_token()
    if facts.get("revoked"):
        raise bad_token(467, "The session has been invalidated")
    if 0 < facts["expires_at"] <= timezone.now().timestamp():
        raise bad_token(463, "Session has expired")


def check_proof(call: GraphRequest) -> None:
    """A proof need not come, but a wrong one is refused. Source: Securing Graph API requests, 2026-11-22."""
    proof = call.value("appsecret_proof")
    if proof is None:
        return
    right = hmac.new(demo.APP_SECRET.encode(), call.token.encode(), "sha256").hexdigest()
    if not hmac.compare_digest(str(proof).encode(), right.encode()):
        raise RefusalError(
            100,
            message="Invalid appsecret_proof provided in the API argument",
            kind="GraphMethodException",
        )


def is_app_token(token: str) -> bool:
    return token == _APP_TOKEN


def asked_fields(fields: str | None) -> list[str]:
    """Split `a,b{c,d},e` at its outer commas and drop the braces: `["a", "b", "e"]`."""
    outer = re.sub(r"\{[^{}]*\}|\.\w+\([^()]*\)", "", fields or "")
    return [name.strip() for name in outer.split(",") if name.strip()]


def cut(
    node: Mapping[str, Any], asked: list[str], *, usual: tuple[str, ...], kind: str
) -> dict[str, Any]:
    """Return the asked fields of a node, and always its id. An unknown field fails the whole call, as at Meta."""
    unknown = [name for name in asked if name not in node and name not in _OPTIONAL]
    if unknown:
        raise RefusalError(
            100,
            message=f"(#100) Tried accessing nonexisting field ({unknown[0]}) on node type ({kind})",
        )
    names = [name for name in asked if name in node] or ([] if asked else list(usual))
    return {name: node[name] for name in [*names, "id"] if name in node}


# Fields that exist at Meta and are left out of an answer when they are empty.
_OPTIONAL = {
    "previous_category",
    "correct_category",
    "sub_category",
    "library_template_name",
    "message_send_ttl_seconds",
    "quality_score",
    "new_display_name",
    "certificate",
    "username",
    "conversational_automation",
    "cta_url_link_tracking_opted_out",
    "is_primary_device_delivery_only",
    "display_format",
    "source",
}


def page(call: GraphRequest, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return one page of `rows` with cursors; `next` is missing on the last. Source: Graph API, Results, 2026-11-22."""
    limit = _whole(call.query.get("limit"), usual=_USUAL_PAGE)
    start = _from_cursor(call.query["after"]) if call.query.get("after") else 0
    found = rows[start : start + limit]
    answer: dict[str, Any] = {"data": found}
    if not found:
        return answer
    end = start + len(found)
    answer["paging"] = {"cursors": {"before": _cursor(start), "after": _cursor(end)}}
    if end < len(rows):
        # Meta repeats the query in `next`; a token that came with it stays out here.
        kept = {
            name: value
            for name, value in call.query.items()
            if name not in ("access_token", "after")
        }
        answer["paging"]["next"] = f"{call.url}?{urlencode(kept | {'after': _cursor(end)})}"
    return answer


def _whole(text: str | None, *, usual: int) -> int:
    if text is None:
        return usual
    if not text.isdecimal() or not text.isascii() or int(text[:6]) < 1:
        raise RefusalError(
            100, message="(#100) Param limit must be an integer greater than or equal to 1"
        )
    return min(int(text[:6]), _PAGE_LIMIT)


def _cursor(place: int) -> str:
    return base64.urlsafe_b64encode(f"place:{place}".encode()).decode().rstrip("=")


def _from_cursor(cursor: str) -> int:
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
    except (ValueError, binascii.Error) as error:
        raise RefusalError(131059, "The cursor is not valid any more") from error
    name, _, place = text.partition(":")
    if name != "place" or not place.isdecimal():
        raise RefusalError(131059, "The cursor is not valid any more")
    return int(place)
