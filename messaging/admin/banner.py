"""The banner on every admin page while nothing is sent: since when, why, what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db.models import Exists, OuterRef
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from messaging.admin.alert_words import words_of_stop
from messaging.admin.setup_words import line_url
from messaging.graph_api.catalogue import WRONG_PROOF
from messaging.graph_api.facts import WhoActs
from messaging.models import SetupKey
from messaging.services.accounts import is_refused
from messaging.services.explaining import WHO, Explanation, explain_code
from tenants.display import page_url, phone
from tenants.models import PhoneNumber, WhatsAppBusinessAccount

if TYPE_CHECKING:
    from datetime import datetime

    from django.http import HttpRequest


@dataclass(frozen=True, slots=True)
class HaltedLine:
    """`state` is the word for it; `is_fault` tells a stop by an error from a pause somebody chose."""

    state: str
    title: str
    since: datetime | None
    why: str
    who: str
    action: str
    url: str
    link: str
    is_fault: bool


def halted_line(request: HttpRequest) -> dict[str, Any]:
    """Return the banner and the account for every page, for staff only (unfold asks on the log-in page too).

    One query while nothing has stopped.
    """
    user = getattr(request, "user", None)
    if user is None or not (user.is_active and user.is_staff):
        return {}
    stopped = PhoneNumber.objects.stopped().filter(account=OuterRef("pk"))
    found = WhatsAppBusinessAccount.objects.without_secrets().order_by("id")
    accounts: list[Any] = list(found.annotate(has_stopped_number=Exists(stopped)))
    context = {"whatsapp_account": accounts[0] if accounts else None, "halted_line": None}
    halted = next((account for account in accounts if not account.is_sending), None)
    if halted is not None:
        return context | {"halted_line": _of(halted)}
    if not settings.ENABLE_WHATSAPP_NOTIFICATIONS:
        return context | {"halted_line": _switched_off()}
    if any(account.has_stopped_number for account in accounts):
        first = PhoneNumber.objects.stopped().order_by("sending_stopped_at", "id").first()
        return context | {"halted_line": _of_number(first) if first else None}
    return context


def _of(account: WhatsAppBusinessAccount) -> HaltedLine:
    url = page_url("tenants_whatsappbusinessaccount", account.pk)
    if account.sending_stopped_at is None:
        return HaltedLine(
            state=_("paused"),
            title=_("Sending is paused. New messages are accepted and wait."),
            since=account.sending_paused_at,
            why=_("Somebody of the platform paused it."),
            who=_("The platform"),
            action=_("Resume it on the account's page; what waits goes out then."),
            url=url,
            link=_("Open the account"),
            is_fault=False,
        )
    why, who, action = why_stopped(account)
    if is_refused(account):
        url, link = reverse("admin:messaging_tokenrotation_page"), _("Open the token page")
    elif account.sending_stopped_code == WRONG_PROOF:
        url, link = line_url(SetupKey.APP_SECRET.value), _("Open the set-up")
    else:
        link = _("Open the account")
    return HaltedLine(
        state=_("stopped"),
        title=_("Sending has stopped. New messages are accepted and wait; nothing is lost."),
        since=account.sending_stopped_at,
        why=why,
        who=who,
        action=action,
        url=url,
        link=link,
        is_fault=True,
    )


def why_stopped(account: WhatsAppBusinessAccount) -> tuple[str, str, str]:
    """Return why the line stands, who acts and what to do, whether Meta stopped it or an error did."""
    if by_meta := words_of_stop(
        account.sending_stopped_reason, until=account.sending_stopped_until
    ):
        return by_meta[0], str(WHO[WhoActs.PLATFORM]), by_meta[1]
    known = explain_code(account.sending_stopped_code, translation.get_language() or "en")
    why, action = _with_code(known), known.action
    if account.previous_token_until and is_refused(account):
        kept = _("It is the new token that was refused; the previous one is kept.")
        why = f"{why} {kept}"
        action = _(
            "Go back to the previous one on the token page, or paste another one there; what waits is then sent by itself."
        )
    return why, str(WHO[known.who_acts]), action


def _of_number(number: PhoneNumber) -> HaltedLine:
    known = explain_code(number.sending_stopped_code, translation.get_language() or "en")
    title = _("The number %(number)s has stopped. Its messages wait; nothing is lost.")
    return HaltedLine(
        state=_("not everywhere"),
        title=title % {"number": phone(number.display_phone_number) or number.phone_number_id},
        since=number.sending_stopped_at,
        why=_with_code(known),
        who=str(WHO[known.who_acts]),
        action=known.action,
        url=page_url("tenants_phonenumber", number.pk),
        link=_("Open the number"),
        is_fault=True,
    )


def _with_code(known: Explanation) -> str:
    return known.title if known.code is None else f"{known.title} ({known.code})"


def _switched_off() -> HaltedLine:
    return HaltedLine(
        state=_("off"),
        title=_("WhatsApp is switched off for the whole platform. New messages are refused."),
        since=None,
        why=_("ENABLE_WHATSAPP_NOTIFICATIONS is off in the environment."),
        who=_("The platform"),
        action=_("Set it to true and restart."),
        url="",
        link="",
        is_fault=False,
    )
