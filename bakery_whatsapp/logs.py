"""Log lines: structlog in front of the standard library, one line an event, nothing secret in it.

Plain format `[INFO] Sentence key=value`; JSON with LOG_FORMAT=json. Request and task ids are bound by django-structlog.
"""

from __future__ import annotations

import logging.config
import re
from collections.abc import MutableMapping
from functools import lru_cache
from typing import Any

import structlog
from django.conf import settings
from django.http import HttpRequest
from django_structlog.middlewares import RequestMiddleware
from ipware import get_client_ip

from messaging.graph_api.masking import without_tokens
from tenants.addresses import network_of

EventDict = MutableMapping[str, Any]

# A number with its + is a person's or a bakery's; Meta's ids have none and stay readable.
_PHONE = re.compile(r"\+(\d{2})[\d\s().-]{5,}(\d{2})")
# Addresses that open something by themselves: whoever knows the rest may come in. They stand in Django's own sentences
# too, such as "Forbidden (CSRF cookie not set.): /invitation/…", and inside of whole URLs.
_KEY_IN_ADDRESS = re.compile(
    r"/(calendar|how-is-it-going|invitation|password/new|proof|weekly-summary)/[^\s?]+"
)
# Every header ipware looks at has one of these words in its name.
_TELLS_IP = re.compile("IP|FORWARDED|REMOTE_ADDR")
_BREAKS = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")


def masked(text: str) -> str:
    """Return `text` without whole phone numbers, tokens and addresses that are secrets."""
    text = _KEY_IN_ADDRESS.sub(r"/\1/…", without_tokens(text))
    return _PHONE.sub(r"+\1…\2", text) if "+" in text else text


class RequestLogMiddleware(RequestMiddleware):
    """django-structlog's, but query strings stay out: they carry verify tokens and searched phone numbers.

    It binds the same fields with less work: an API request has no session to ask for a user, and who calls stands in
    the same few headers again and again.
    """

    @staticmethod
    def format_request(request: HttpRequest) -> str:
        return masked(f"{request.method} {request.path}")

    @classmethod
    def bind_ip(cls, request: HttpRequest) -> None:
        told = tuple(item for item in request.META.items() if _TELLS_IP.search(item[0]))
        structlog.contextvars.bind_contextvars(ip=_network_of(told))

    @staticmethod
    def bind_user_id(request: HttpRequest) -> None:
        if settings.SESSION_COOKIE_NAME in request.COOKIES:
            RequestMiddleware.bind_user_id(request)
        else:
            structlog.contextvars.bind_contextvars(user_id=None)


@lru_cache(maxsize=1024)
def _network_of(headers: tuple[tuple[str, str], ...]) -> str | None:
    """Return the network of the caller, out of the headers that tell the address: that one may name a person."""
    stated = HttpRequest()
    stated.META = dict(headers)
    address = get_client_ip(stated)[0]
    return network_of(address) if address else None


def _mask(logger: object, method: str, event_dict: EventDict) -> EventDict:
    return {key: _masked_deep(value) for key, value in event_dict.items()}


def _masked_deep(value: object) -> object:
    match value:
        case str():
            return masked(value)
        case dict():
            return {key: _masked_deep(item) for key, item in value.items()}
        case list() | tuple():
            return [_masked_deep(item) for item in value]
        case HttpRequest():  # Django's own warnings carry it; its text would show the query string
            return RequestLogMiddleware.format_request(value)
    return value


def _plain_line(logger: object, method: str, event_dict: EventDict) -> str:
    level = str(event_dict.pop("level", method)).upper()
    event = event_dict.pop("event", "")
    exception = event_dict.pop("exception", None)
    for left_out in ("timestamp", "logger"):
        event_dict.pop(left_out, None)
    fields = "".join(f" {key}={value}" for key, value in event_dict.items() if value is not None)
    # What others wrote must not begin a line that looks like ours.
    line = _BREAKS.sub(" ", f"[{level}] {event}{fields}")
    return f"{line}\n{exception}" if exception else line


_SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.ExtraAdder(),
    structlog.processors.format_exc_info,
    _mask,
    # What these add needs no mask.
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def logging_config(*, log_format: str, level: str, stream: str = "stdout") -> dict[str, Any]:
    """Return the standard library's logging configuration for `plain` or `json` lines on `stdout` or `stderr`."""
    last: Any = structlog.processors.JSONRenderer() if log_format == "json" else _plain_line
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": structlog.stdlib.ProcessorFormatter,
                "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
                "foreign_pre_chain": _SHARED,
            }
        },
        "handlers": {
            "lines": {
                "class": "logging.StreamHandler",
                "stream": f"ext://sys.{stream}",
                "formatter": "line",
            }
        },
        "root": {"handlers": ["lines"], "level": level},
        "loggers": {
            # Its request lines repeat django-structlog's and carry the query string.
            "django.server": {"level": "WARNING"},
            "django_structlog": {"level": "WARNING"},
            "django.request": {"level": "ERROR"},
            "celery.app.trace": {"level": "WARNING"},
            "celery.worker.strategy": {"level": "WARNING"},
            "celery.beat": {"level": "WARNING"},
            "urllib3": {"level": "WARNING"},
            # tenants/lockout.py says it without names and addresses.
            "axes": {"level": "ERROR"},
        },
    }


# One list for the life of the process: loggers that were used before keep the one they were made with.
_PROCESSORS: list[Any] = [
    structlog.stdlib.filter_by_level,
    *_SHARED,
    structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
]


def configure(config: dict[str, Any]) -> None:
    """Set up both libraries. Called once a process, by the app config and again by Celery's logging signal."""
    # No line of ours shows file, process or thread, and asking for them is a third of a line's cost (Logging HOWTO,
    # Optimization).
    logging._srcfile = None
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging.config.dictConfig(config)
    structlog.configure(
        processors=_PROCESSORS,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
