"""Bodies that come in chunks, as some proxies and tunnels pass them on. Django reads none that names no length."""

from __future__ import annotations

from collections.abc import Iterable
from io import BytesIO
from typing import TYPE_CHECKING, Any

from django.conf import settings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication


def with_length(application: WSGIApplication) -> WSGIApplication:
    """Return the application with chunked bodies read beforehand and their length named.

    Of a body that is too large one byte too many is read, so that Django refuses it like any other (413).
    """

    def answer(environ: dict[str, Any], start_response: StartResponse, /) -> Iterable[bytes]:
        # Only a server that marks the end of its input may be read to the end: from others this would never return.
        if environ.get("HTTP_TRANSFER_ENCODING") and environ.get("wsgi.input_terminated"):
            body = _read(environ["wsgi.input"], limit=settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
            environ["wsgi.input"] = BytesIO(body)
            environ["CONTENT_LENGTH"] = str(len(body))
            del environ["HTTP_TRANSFER_ENCODING"]
        return application(environ, start_response)

    return answer


def _read(stream: Any, *, limit: int) -> bytes:
    body = bytearray()
    while len(body) < limit and (piece := stream.read(limit - len(body))):
        body += piece
    return bytes(body)
