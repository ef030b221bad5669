"""Our webhook's public address, and the setup guide's five questions to it: what Meta sees when it verifies it."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import timedelta
from enum import StrEnum
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from messaging.graph_api.client import new_session
from messaging.models import WebhookDelivery
from messaging.services.accounts import webhook_verify_token
from messaging.services.callback_targets import UnresolvedError, addresses_of, is_public
from messaging.services.webhook_findings import Cause, Result

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

META_HOST = "graph.facebook.com"
_TIMEOUT_S = (3.05, 10.0)
_FORBIDDEN = 403
_HTTPS_PORT = 443
# Names that are kept out of the public DNS. Source: RFC 2606, 6761, 6762, 8375, and ICANN's resolution on .internal of
# 2024-07-29; the last five are what routers and companies take (RFC 6762, appendix G).
_NOT_PUBLIC = tuple(
    f".{name}"
    for name in (
        "localhost", "local", "internal", "home.arpa", "test", "example", "invalid", "onion",
        "lan", "home", "corp", "intranet", "private",
    )
)  # fmt: skip
_REACHED_LATELY = timedelta(days=7)


class Question(StrEnum):
    """The guide's checklist in "Webhook verification fails", in its order."""

    PUBLIC = "public"
    ANSWERS = "answers"
    CHALLENGE = "challenge"
    HTTPS = "https"
    TOKEN = "token"  # noqa: S105 (a name, not a token)


QUESTIONS: dict[Question, StrPromise] = {
    Question.PUBLIC: _("The address is public"),
    Question.ANSWERS: _("It answers 200"),
    Question.CHALLENGE: _("It returns the challenge exactly"),
    Question.HTTPS: _("It uses HTTPS with a valid certificate"),
    Question.TOKEN: _("It accepts the verify token"),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """How one question ended. `fact` is a word for the sentence, such as a status."""

    question: Question
    result: Result
    cause: Cause = Cause.NONE
    fact: str = ""

    def as_json(self) -> dict[str, str]:
        return {name: str(value) for name, value in asdict(self).items()}

    @classmethod
    def from_json(cls, row: dict[str, Any]) -> Answer:
        question, result = Question(row["question"]), Result(row["result"])
        return cls(question, result, Cause(row["cause"]), str(row["fact"]))


def our_address() -> str:
    return f"{settings.SITE_URL}{reverse('whatsapp-webhook')}"


def is_ours(address: str) -> bool:
    return shown(address) == shown(our_address())


def shown(address: str) -> str:
    """Return the address without what may be secret in it, for people and for comparing."""
    parts = urlsplit(address)
    port = f":{parts.port}" if parts.port else ""
    return (
        f"{parts.scheme.lower()}://{(parts.hostname or '').lower()}{port}{parts.path.rstrip('/')}"
    )


def is_simulated() -> bool:
    """Whether another than Meta plays Meta, such as the simulator, which posts on this machine."""
    graph_url: str = settings.WHATSAPP_GRAPH_URL
    return urlsplit(graph_url).hostname != META_HOST


def ask_address() -> list[Answer]:
    """Put the five questions to our own address, with one request. Never raises for what it finds."""
    public, https = _public(), _https()
    asked = _asked()
    if asked[0].cause is Cause.CERTIFICATE:
        https = Answer(Question.HTTPS, Result.BAD, Cause.CERTIFICATE, asked[0].fact)
    answers, challenge, token = asked
    return [public, answers, challenge, https, token]


def worst_of(answers: Sequence[Answer]) -> Answer | None:
    """Return what most likely explains the others; None when nothing is wrong."""
    order = (Question.PUBLIC, Question.HTTPS, Question.TOKEN, Question.ANSWERS, Question.CHALLENGE)
    bad = {answer.question: answer for answer in answers if answer.result is Result.BAD}
    return next((bad[question] for question in order if question in bad), None)


def _public() -> Answer:
    """Judge the name and all it stands for. We can ask from here only, and another network may answer otherwise."""
    if is_simulated():
        return Answer(Question.PUBLIC, Result.SKIPPED, Cause.SIMULATED)
    host = urlsplit(our_address()).hostname or ""
    if _is_reserved(host):
        return Answer(Question.PUBLIC, Result.BAD, Cause.LOCAL_ADDRESS, shown(our_address()))
    try:
        addresses = addresses_of(host, _HTTPS_PORT)
    except UnresolvedError:
        return Answer(Question.PUBLIC, Result.BAD, Cause.UNRESOLVED, host)
    private = [str(address) for address in addresses if not is_public(address)]
    if not private:
        return Answer(Question.PUBLIC, Result.OK)
    fact = f"{host}: {', '.join(private)}"
    if _meta_reached_us():
        return Answer(Question.PUBLIC, Result.UNKNOWN, Cause.ASKED_INSIDE, fact)
    return Answer(Question.PUBLIC, Result.BAD, Cause.PRIVATE_ADDRESS, fact)


def _is_reserved(host: str) -> bool:
    """Whether the name is one that no public DNS knows; addresses in digits are judged as such."""
    with suppress(ValueError):
        ip_address(host)
        return False
    name = host.rstrip(".")
    return "." not in name or name.endswith(_NOT_PUBLIC)


def _meta_reached_us() -> bool:
    """Whether a webhook with Meta's signature arrived lately; one without is never stored."""
    since = timezone.now() - _REACHED_LATELY
    return WebhookDelivery.objects.filter(received_at__gte=since).exists()


def _https() -> Answer:
    if urlsplit(our_address()).scheme == "https":
        return Answer(Question.HTTPS, Result.OK)
    if is_simulated():
        return Answer(Question.HTTPS, Result.SKIPPED, Cause.SIMULATED)
    return Answer(Question.HTTPS, Result.BAD, Cause.NOT_HTTPS)


def _asked() -> tuple[Answer, Answer, Answer]:
    """Ask as Meta does; return whether it answers, with the challenge, and to our token."""
    challenge = secrets.token_hex(8)
    try:
        answer = _get(challenge)
    except requests.exceptions.SSLError:
        return _silent(Cause.CERTIFICATE, urlsplit(our_address()).hostname or "")
    except requests.RequestException as error:
        # Only its kind: the text holds the address with the verify token.
        return _silent(Cause.UNREACHABLE, type(error).__name__)
    if answer.status_code != requests.codes.ok:
        return _refused(answer.status_code)
    answers = Answer(Question.ANSWERS, Result.OK)
    if answer.text != challenge:
        wrong = Answer(Question.CHALLENGE, Result.BAD, Cause.WRONG_ANSWER, str(answer.status_code))
        return answers, wrong, Answer(Question.TOKEN, Result.UNKNOWN)
    right = Answer(Question.CHALLENGE, Result.OK)
    return answers, right, Answer(Question.TOKEN, Result.OK)


def _get(challenge: str) -> requests.Response:
    question = {
        "hub.mode": "subscribe",
        "hub.challenge": challenge,
        "hub.verify_token": webhook_verify_token(),
    }
    with new_session(1) as session:
        return session.get(
            our_address(), params=question, timeout=_TIMEOUT_S, allow_redirects=False
        )


def _silent(cause: Cause, fact: str) -> tuple[Answer, Answer, Answer]:
    answers = Answer(Question.ANSWERS, Result.BAD, cause, fact)
    unknown = Answer(Question.CHALLENGE, Result.UNKNOWN), Answer(Question.TOKEN, Result.UNKNOWN)
    return answers, *unknown


def _refused(status: int) -> tuple[Answer, Answer, Answer]:
    answers = Answer(Question.ANSWERS, Result.BAD, Cause.WRONG_ANSWER, str(status))
    if status == _FORBIDDEN:
        token = Answer(Question.TOKEN, Result.BAD, Cause.VERIFY_TOKEN)
    else:
        token = Answer(Question.TOKEN, Result.UNKNOWN)
    return answers, Answer(Question.CHALLENGE, Result.UNKNOWN), token
