"""What every endpoint of the HTTP API shares: how a body is read, how a refusal looks, how lists are paged.

The API speaks English whatever the caller's language. REST framework imports this module while its own views load,
so nothing here may import `rest_framework.views`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import IO, TYPE_CHECKING, Any, NoReturn

import structlog
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError as ModelValidationError
from django.db import InterfaceError, OperationalError, models
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    JsonResponse,
    UnreadablePostError,
)
from django.utils.translation import override
from django.views import defaults
from django.views.decorators.csrf import csrf_exempt
from rest_framework.exceptions import APIException, NotFound, ValidationError
from rest_framework.pagination import CursorPagination
from rest_framework.parsers import BaseParser
from rest_framework.response import Response

if TYPE_CHECKING:
    from rest_framework.pagination import Cursor
    from rest_framework.request import Request

log = structlog.get_logger(__name__)

MAX_BODY_BYTES = 256 * 1024
MAX_DEPTH = 32

# Every code a caller may meet and its HTTP status.
STATUS_OF = {
    "malformed_request": 400,
    "unauthenticated": 401,
    "forbidden": 403,
    "unknown_tenant": 404,
    "not_found": 404,
    "method_not_allowed": 405,
    "not_acceptable": 406,
    "whatsapp_disabled": 409,
    "notice_off": 409,
    "idempotency_conflict": 409,
    "number_taken": 409,
    "number_reserved": 409,
    "number_unusable": 409,
    "no_phone_number": 409,
    "not_cancellable": 409,
    "not_resendable": 409,
    "callback_disabled": 409,
    "too_many_callbacks": 409,
    "length_required": 411,
    "too_large": 413,
    "unsupported_media_type": 415,
    "validation_error": 422,
    "invalid_phone_number": 422,
    "invalid_callback_url": 422,
    "unknown_template": 422,
    "unknown_phone_number": 422,
    "template_not_approved": 422,
    "parameters_mismatch": 422,
    "recipient_opted_out": 422,
    "rate_limited": 429,
    "internal_error": 500,
    "sending_disabled": 503,
    "unavailable": 503,
}
# REST framework's own refusals: their status decides the code, for their codes are not ours.
_CODE_OF_STATUS = {
    400: "malformed_request",
    401: "unauthenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    413: "too_large",
    415: "unsupported_media_type",
    429: "rate_limited",
}
_RETRY_AFTER_S = 5


class RefusalError(APIException):
    """A request that is understood and refused. `code` is one of STATUS_OF; `fields` names what to mend."""

    def __init__(self, code: str, message: str, fields: Mapping[str, str] | None = None) -> None:
        super().__init__(message, code)
        self.status_code = STATUS_OF.get(code, 422)
        self.code = code
        self.message = message
        self.fields = dict(fields or {})


def error_body(code: str, message: str, fields: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return the one shape of every error."""
    return {"error": {"code": code, "message": message, "fields": dict(fields or {})}}


# --- Errors --------------------------------------------------------------------------------------


def error_response(error: Exception, context: dict[str, Any]) -> Response | None:
    """Turn what a view raised into an answer. None lets Django log it and call `server_error`."""
    # Django's Http404 and PermissionDenied come from REST framework itself (content negotiation) or a view.
    from rest_framework.views import exception_handler

    if isinstance(error, OperationalError | InterfaceError):
        log.error("Database did not answer", error=type(error).__name__)
        return _unavailable()
    if isinstance(error, UnreadablePostError):
        error = RefusalError("malformed_request", "The body ended before it was complete.")
    response = exception_handler(error, context)
    if response is not None:
        response.data = _body_of(error, response.status_code)
        if isinstance(error, ValidationError):
            response.status_code = STATUS_OF["validation_error"]
    return response


def _unavailable() -> Response:
    message = "The service cannot reach its database. Try again in some seconds."
    return Response(
        error_body("unavailable", message),
        status=STATUS_OF["unavailable"],
        headers={"Retry-After": str(_RETRY_AFTER_S)},
    )


def _body_of(error: Exception, status: int) -> dict[str, Any]:
    if isinstance(error, RefusalError):
        return error_body(error.code, error.message, error.fields)
    if isinstance(error, ValidationError):
        return validation_body(error.detail)
    with override("en"):
        detail = error.detail if isinstance(error, APIException) else "There is nothing here."
        return error_body(_CODE_OF_STATUS.get(status, "malformed_request"), str(detail))


def validation_body(detail: object) -> dict[str, Any]:
    fields: dict[str, str] = {}
    for path, sentence in _sentences(detail):
        fields[path] = f"{fields[path]} {sentence}" if path in fields else sentence
    general = fields.pop("", "")
    return error_body(
        "validation_error", general or "The request does not have the expected form.", fields
    )


def _sentences(detail: object, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield (path, sentence) such as ("template.components[0].type", "…") of REST framework's nested details."""
    if isinstance(detail, Mapping):
        for key, inner in detail.items():
            yield from _sentences(inner, _joined(path, key))
    elif isinstance(detail, list):
        for place, inner in enumerate(detail):
            # A list holds sentences, or one (perhaps empty) mapping for each row of a list of objects.
            yield from _sentences(inner, f"{path}[{place}]" if isinstance(inner, Mapping) else path)
    else:
        yield path, str(detail)


def _joined(path: str, key: object) -> str:
    if key == "non_field_errors":
        return path
    if isinstance(key, int):
        return f"{path}[{key}]"
    return f"{path}.{key}" if path else str(key)


def is_api(request: HttpRequest) -> bool:
    return request.path == "/api" or request.path.startswith("/api/")


@csrf_exempt
@login_not_required
def unknown_address(request: HttpRequest) -> HttpResponse:
    """Answer every address under /api/ that is none, in the API's own shape and whatever DEBUG says."""
    return JsonResponse(error_body("not_found", "There is nothing at this address."), status=404)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    if not is_api(request):
        return defaults.bad_request(request, exception)
    return JsonResponse(error_body("malformed_request", "The request is malformed."), status=400)


def server_error(request: HttpRequest) -> HttpResponseBase:
    if not is_api(request):
        return defaults.server_error(request)
    message = "Something went wrong on our side. It has been logged."
    return JsonResponse(error_body("internal_error", message), status=500)


# --- Bodies --------------------------------------------------------------------------------------


class ObjectParser(BaseParser):
    """One JSON object in UTF-8 of at most 256 KiB that PostgreSQL can store and nobody can choke on."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        parsed = parsed_json(self._limited(stream, parser_context or {}))
        if not isinstance(parsed, dict):
            raise RefusalError("malformed_request", "The body must be one JSON object.")
        refuse_unstorable(parsed)
        return parsed

    def _limited(self, stream: IO[Any], parser_context: Mapping[str, Any]) -> bytes:
        raw: bytes = b""
        request = parser_context.get("request")
        announced = int(request.headers.get("content-length") or 0) if request is not None else 0
        if announced <= MAX_BODY_BYTES:
            raw = stream.read(MAX_BODY_BYTES + 1)
        if max(announced, len(raw)) > MAX_BODY_BYTES:
            raise RefusalError(
                "too_large", f"The body may have at most {MAX_BODY_BYTES // 1024} KiB."
            )
        return raw


def parsed_json(raw: bytes) -> Any:
    """Raises RefusalError for what is not JSON; NaN and Infinity, which Python would take, are not."""
    try:
        return _DECODER.decode(raw.decode("utf-8-sig"))
    except RecursionError:
        raise _too_deep() from None
    except ValueError:  # not UTF-8, not JSON, or a number of thousands of digits
        raise RefusalError("malformed_request", "The body is not valid JSON in UTF-8.") from None


def _no_number(name: str) -> NoReturn:
    raise ValueError(name)


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _no_number(text)


_DECODER = json.JSONDecoder(parse_constant=_no_number, parse_float=_finite)


def _too_deep() -> RefusalError:
    return RefusalError(
        "malformed_request", f"The body is nested more than {MAX_DEPTH} levels deep."
    )


def refuse_unstorable(parsed: dict[str, Any]) -> None:
    """Raise RefusalError for too much depth, and for NUL and lone surrogates, which PostgreSQL cannot store."""
    level: list[tuple[str, Any]] = [("", parsed)]
    for _depth in range(MAX_DEPTH):
        level = [row for path, value in level for row in _inner(path, value)]
        if not level:
            return
    raise _too_deep()


def _inner(path: str, value: object) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            _refuse_text(key, path)
            yield _joined(path, key), inner
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield f"{path}[{place}]", inner
    elif isinstance(value, str):
        _refuse_text(value, path)


def _refuse_text(text: str, path: str) -> None:
    if text.isascii() and "\0" not in text:
        return
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        sentence = "Null characters and broken characters are not allowed."
        raise RefusalError("validation_error", sentence, {path: sentence} if path else {})


# --- Lists ---------------------------------------------------------------------------------------


class NewestFirst(CursorPagination):
    """`{"results", "next", "previous"}`; ids are time-ordered, so the newest come first without another index."""

    ordering: Any = "-id"
    page_size_query_param = "page_size"
    max_page_size = 200
    cursor_query_description = "Take it from `next` or `previous` of an answer."
    page_size_query_description = "Rows on one page: 1 to 200, 50 when left out."

    _position_field: models.Field[Any, Any] | None = None

    def paginate_queryset(
        self, queryset: Any, request: Request, view: Any = None
    ) -> list[Any] | None:
        first = self.get_ordering(request, queryset, view)[0].lstrip("-")
        self._position_field = queryset.model._meta.get_field(first)
        return super().paginate_queryset(queryset, request, view)

    def decode_cursor(self, request: Request) -> Cursor | None:
        try:
            cursor = super().decode_cursor(request)
        except NotFound:
            raise _bad_cursor() from None
        if cursor is not None and not self._is_position(cursor.position):
            raise _bad_cursor()
        return cursor

    def get_page_size(self, request: Request) -> int | None:
        raw = request.query_params.get(self.page_size_query_param)
        if raw is None:
            return self.page_size
        if not (
            raw.isascii()
            and raw.isdigit()
            and 1 <= len(raw) <= 3
            and 1 <= int(raw) <= self.max_page_size
        ):
            sentence = f"Must be a number from 1 to {self.max_page_size}."
            raise RefusalError(
                "validation_error", "The page size is not valid.", {"page_size": sentence}
            )
        return int(raw)

    def _is_position(self, position: object) -> bool:
        if position is None or self._position_field is None:
            return position is None
        try:
            self._position_field.to_python(position)
        except ModelValidationError:
            return False
        return "\0" not in str(position)

    def get_paginated_response(self, data: Any) -> Response:
        links = {"next": self.get_next_link(), "previous": self.get_previous_link()}
        return Response({"results": data, **links})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        described = super().get_paginated_response_schema(schema)
        link = {"type": "string", "format": "uri", "nullable": True}
        page = "https://whatsapp.example.com/api/v1/…?cursor="
        described["required"] = ["results", "next", "previous"]
        described["properties"] = {
            "results": schema,
            "next": {**link, "example": f"{page}cD0wMTlhOWQzYw%3D%3D"},
            "previous": {**link, "example": None},
        }
        return described


class ByName(NewestFirst):
    """The same for rows that people look up by name."""

    ordering = ("name", "id")


class OldestFirst(NewestFirst):
    """The same for rows that stay few and keep their places."""

    ordering = "id"


def _bad_cursor() -> RefusalError:
    sentence = "Take the cursor unchanged from `next` or `previous` of an answer."
    return RefusalError("validation_error", "The cursor is not valid.", {"cursor": sentence})
