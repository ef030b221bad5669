"""Is this a token the product can live on? Meta is asked about it and made to answer with it; nothing is stored."""

from __future__ import annotations

import re
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from messaging.graph_api.catalogue import ErrorClass, facts_for
from messaging.graph_api.client import TokenFacts
from messaging.graph_api.errors import GraphApiError
from messaging.services.accounts import current_account
from messaging.services.graph import graph_api_for
from tenants.models import PhoneNumber, WhatsAppBusinessAccount

# Source: Access tokens and Permissions, 2026-11-22.
SCOPES = ("whatsapp_business_messaging", "whatsapp_business_management")
SYSTEM_USER = "SYSTEM_USER"
# Tokens of the dashboard live a day at most, those of system users 60 days or for ever.
_SHORT_LIVED = timedelta(days=3)
_TOKEN_REFUSED, _EXPIRED = 190, 463
# Subcodes of 190 after which a token wakes up again: its owner logs in, or confirms their account.
_ASLEEP = frozenset({459, 464})
# Subcodes of 190 whose title speaks of whoever generated the token.
_OF_ITS_OWNER = frozenset({459, 460, 464, 492})
_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]+")
# What comes along when a token is copied out of a page, a mail, a shell, an .env file or an answer of Meta's.
_IN_FRONT = re.compile(
    r"^\W*(?:(?:export|H)\s+\W*)?(?:\w*token\W*[=:]|authorization\W*:)?\W*(?:bearer\s+)?",
    re.IGNORECASE,
)
_UNSEEN = re.compile(r"[\s\u200b-\u200f\u2060\ufeff]+")
# Errors after which asking again may help.
PASSING = frozenset({ErrorClass.RETRY, ErrorClass.RETRY_LATER, ErrorClass.UNKNOWN_OUTCOME})


class NoAppError(Exception):
    """The app id or secret is missing, with which Meta is asked about a token."""

    def __init__(self) -> None:
        super().__init__("Set WHATSAPP_APP_ID and WHATSAPP_APP_SECRET.")


@dataclass(frozen=True, slots=True)
class Verification:
    """What Meta says of a token. Without `problems` it may be used; each is a sentence with what to do.

    `facts` is None where Meta could not be asked; `numbers` counts the sending numbers that the token reads.
    """

    token: str = field(repr=False)
    facts: TokenFacts | None = None
    numbers: int = 0
    problems: list[str] = field(default_factory=list)


def verify_token(new_token: str, *, account: WhatsAppBusinessAccount | None = None) -> Verification:
    """Ask Meta about the token and read every number with it. `account` may be one that is not saved yet.

    Raises NoAccountError.
    """
    candidate = copy(account or current_account())
    candidate.access_token = token = cleaned(new_token)
    if problem := _not_even_a_token(token):
        return Verification(token, problems=[problem])
    try:
        facts = inspect(candidate)
    except NoAppError:
        return Verification(token, problems=[_no_app()])
    except GraphApiError as error:
        return Verification(token, problems=[_not_inspected(error)])
    problems = problems_of(facts, candidate)
    if not facts.is_valid:
        return Verification(token, facts, problems=problems)
    numbers, unread = _read_numbers(candidate)
    return Verification(token, facts, numbers, [*problems, *unread])


def inspect(account: WhatsAppBusinessAccount) -> TokenFacts:
    """Return what Meta knows of the account's token. Raises GraphApiError and NoAppError."""
    app_id, secret = app_of(account)
    return graph_api_for(account).debug_token(
        account.access_token, app_id=app_id, app_secret=secret
    )


def is_dead(facts: TokenFacts) -> bool:
    """Whether Meta says of the token that it ended for good."""
    ended = facts.error_code in {None, _TOKEN_REFUSED} and facts.error_subcode not in _ASLEEP
    return not facts.is_valid and ended


def app_of(account: WhatsAppBusinessAccount) -> tuple[str, str]:
    """Return app id and secret. Raises NoAppError."""
    secret = next(iter(account.app_secret_list), None)
    if not account.app_id or secret is None:
        raise NoAppError
    return account.app_id, secret


def cleaned(pasted: str) -> str:
    """Return a pasted token without blanks, line ends, quotes, the word Bearer and the name of a variable or header."""
    return _UNSEEN.sub("", _IN_FRONT.sub("", pasted)).strip("\"'`,;{}")


def _not_even_a_token(token: str) -> str | None:
    if not token:
        return _("Paste the token that Meta shows when it is generated; it begins with EAA.")
    if "|" in token:
        return _(
            "This is the token of an app (id|secret). Generate one for the system user; it begins with EAA."
        )
    if not _TOKEN.fullmatch(token):
        return _(
            "This is no access token: it holds characters that none has. Copy it once more from Meta."
        )
    return None


def _no_app() -> str:
    return _("Enter the app id and the app secret first: with them Meta is asked about the token.")


def _not_inspected(error: GraphApiError) -> str:
    if error.error_class in PASSING:
        return _no_answer()
    return _(
        "Meta does not accept the app id or the app secret. Compare both with App settings, Basic, at Meta."
    )


def _no_answer() -> str:
    return _(
        "Meta did not answer, so the token could not be checked. Try again in a few minutes; nothing was changed."
    )


# --- What debug_token says ---------------------------------------------------------------------------


def problems_of(facts: TokenFacts, account: WhatsAppBusinessAccount) -> list[str]:
    """Say what is wrong with a token of which Meta says this; empty when it may be used for the account."""
    if facts.app_id and facts.app_id != account.app_id:
        text = _(
            "This token belongs to another app (%(app)s). Generate it for the app %(ours)s, or correct the app id."
        )
        return [text % {"app": facts.app_id, "ours": account.app_id}]
    if not facts.is_valid:
        return [_invalid(facts)]
    return [*_problems_of_kind(facts), *_problems_of_reach(facts, account)]


def _invalid(facts: TokenFacts) -> str:
    return _("Meta does not accept this token. %(why)s Generate a new one for the system user.") % {
        "why": _why_invalid(facts)
    }


def _why_invalid(facts: TokenFacts) -> str:
    """Say it of the token that was shown to Meta, which need not be the one in service."""
    if facts.error_code not in {None, _TOKEN_REFUSED}:
        return facts.error_message
    if facts.error_subcode == _EXPIRED:
        return _("It has expired.")
    if facts.error_subcode in _OF_ITS_OWNER:
        known = facts_for(_TOKEN_REFUSED, subcode=facts.error_subcode)
        return known.title.in_language(translation.get_language())
    return _("It was revoked, or not copied whole.")


def _problems_of_kind(facts: TokenFacts) -> list[str]:
    if facts.expires_at is not None and _is_short(facts.expires_at, facts.issued_at):
        text = _(
            "This is a 24-hour token, which ends on %(end)s. Generate one for the system user that lasts 60 days or "
            "for ever (setup guide, step 4)."
        )
        end = date_format(timezone.localtime(facts.expires_at), "SHORT_DATETIME_FORMAT")
        return [text % {"end": end}]
    if facts.type and facts.type != SYSTEM_USER:
        text = _(
            "This token is of the type %(type)s, which hangs on a person's log-in. Generate one for the system user "
            "(setup guide, step 4)."
        )
        return [text % {"type": facts.type}]
    return []


def _is_short(expires_at: datetime, issued_at: datetime | None) -> bool:
    return expires_at - (issued_at or timezone.now()) < _SHORT_LIVED


def _problems_of_reach(facts: TokenFacts, account: WhatsAppBusinessAccount) -> list[str]:
    problems = [
        _(
            "The token lacks the permission %(scope)s. Generate it again and tick both WhatsApp permissions."
        )
        % {"scope": scope}
        for scope in SCOPES
        if scope not in facts.scopes
    ]
    # A scope without targets covers every asset of the token.
    limited = [facts.target_ids.get(scope) for scope in SCOPES]
    if any(targets and account.waba_id not in targets for targets in limited):
        problems.append(
            _(
                "The token may not use the WhatsApp account %(waba)s. Assign the account to the system user in "
                "Business settings, then generate the token again."
            )
            % {"waba": account.waba_id}
        )
    return problems


# --- What it can read --------------------------------------------------------------------------------


def _read_numbers(account: WhatsAppBusinessAccount) -> tuple[int, list[str]]:
    """Read every number of the account, and one by one those in use that the list does not hold."""
    api = graph_api_for(account)
    try:
        listed = {number.phone_number_id for number in api.phone_numbers(account.waba_id)}
    except GraphApiError as error:
        return 0, [_not_read(error)]
    problems = []
    for number in _in_use(account):
        if number.phone_number_id in listed:
            continue
        try:
            api.phone_number(number.phone_number_id)
            listed.add(number.phone_number_id)
        except GraphApiError as error:
            problems.append(
                _no_answer() if error.error_class in PASSING else _number_not_read(number)
            )
    return len(listed), list(dict.fromkeys(problems))


def _in_use(account: WhatsAppBusinessAccount) -> list[PhoneNumber]:
    """Return the numbers that send: the default one and those of bakeries. A spare one may have gone at Meta."""
    if account.pk is None:
        return []
    numbers = PhoneNumber.objects.filter(account_id=account.pk)
    return list(numbers.exclude(pk__in=PhoneNumber.objects.spare().values("pk")).order_by("id"))


def _number_not_read(number: PhoneNumber) -> str:
    text = _(
        "The token may not use the number %(number)s of %(name)s. Assign it to the system user at Meta; if it is no "
        "longer there, take it away from its bakery or make another number the default first."
    )
    last_digits = f"…{(number.display_phone_number or number.phone_number_id)[-3:]}"
    return text % {"number": last_digits, "name": number.verified_name or "–"}


def _not_read(error: GraphApiError) -> str:
    if error.error_class in PASSING:
        return _no_answer()
    if error.error_class is ErrorClass.CREDENTIAL:
        # The table's words speak of the token in service.
        text = _(
            "With this token Meta does not show the account's numbers (%(code)s). Assign the app, the WhatsApp account "
            "and both WhatsApp permissions to the system user in Business settings, then generate the token again."
        )
        return text % {"code": error.code}
    language = translation.get_language()
    text = _(
        "With this token Meta does not show the account's numbers (%(code)s). %(why)s %(action)s"
    )
    return text % {
        "code": error.code if error.code is not None else "–",
        "why": error.facts.title.in_language(language),
        "action": error.facts.action.in_language(language),
    }
