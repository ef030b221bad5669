"""The set-up in words: why each line matters, how long it takes, where it is done at Meta, and what helps when it fails."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from messaging.models import SetupKey, SetupState
from tenants.display import BAD, BUSY, CAUTION, GOOD, NEUTRAL, list_url

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

# Tone and icon of a state; its word is the model's.
LOOKS: dict[str, tuple[str, str]] = {
    SetupState.UNCHECKED: (NEUTRAL, "pending"),
    SetupState.DONE: (GOOD, "check_circle"),
    SetupState.NEEDS_YOU: (CAUTION, "back_hand"),
    SetupState.WAITING: (BUSY, "hourglass_top"),
    SetupState.BY_HAND: (CAUTION, "draw"),
    SetupState.LATER: (NEUTRAL, "lock_clock"),
    SetupState.BROKEN: (BAD, "error"),
}
# The guide's ten steps.
STEPS: dict[int, StrPromise] = {
    1: _("Create the business account at Meta"),
    2: _("Add WhatsApp"),
    3: _("Add phone numbers"),
    4: _("Create system user, app and access token"),
    5: _("Create message templates"),
    6: _("Configure the webhook"),
    7: _("Environment and services"),
    8: _("Try it"),
    9: _("Assign numbers to bakeries"),
    10: _("Watch and maintain"),
}


@dataclass(frozen=True, slots=True)
class LineWords:
    """`place` is where it is done at Meta: the address, with {waba_id} and {app_id}, and what the screen is called."""

    why: StrPromise
    how_long: StrPromise
    place: tuple[str, StrPromise] | None = None


_BUSINESS_SETTINGS = "https://business.facebook.com/settings"
_MANAGER = "https://business.facebook.com/wa/manage"
_APP = "https://developers.facebook.com/apps/{app_id}"

WORDS: dict[str, LineWords] = {
    SetupKey.BUSINESS: LineWords(
        _(
            "An unverified business may write to 250 people in 24 hours and have two numbers; a verified one 2,000 and twenty."
        ),
        _("15 minutes, then 1 to 3 working days at Meta"),
        (f"{_BUSINESS_SETTINGS}/security", _("Business settings, Security Center")),
    ),
    SetupKey.WABA: LineWords(
        _("All numbers and templates hang on this account; its id is 15 digits or so."),
        _("5 minutes"),
        (
            f"{_BUSINESS_SETTINGS}/whatsapp-business-accounts",
            _("Business settings, WhatsApp accounts"),
        ),
    ),
    SetupKey.NUMBERS: LineWords(
        _(
            "Each bakery sends from a number of its own; the default number sends for those without. Virtual numbers often get no SMS: let Meta call and read the code aloud."
        ),
        _("5 minutes for each number"),
        (f"{_MANAGER}/phone-numbers/?waba_id={{waba_id}}", _("WhatsApp Manager, Phone numbers")),
    ),
    SetupKey.APP_SECRET: LineWords(
        _(
            "The guide does not mention it: without the app's secret nobody can tell Meta's webhooks from forged ones, nor ask Meta about a token."
        ),
        _("2 minutes"),
        (f"{_APP}/settings/basic/", _("App settings, Basic")),
    ),
    SetupKey.SYSTEM_USER: LineWords(
        _("A token of a person ends with that person's log-in; the system user's lasts."),
        _("5 minutes"),
        (f"{_BUSINESS_SETTINGS}/system-users", _("Business settings, System users")),
    ),
    SetupKey.TOKEN: LineWords(
        _(
            "Everything is asked and sent with it. Tick whatsapp_business_messaging and whatsapp_business_management, and assign the app and the WhatsApp account to the system user first."
        ),
        _("5 minutes"),
        (f"{_BUSINESS_SETTINGS}/system-users", _("Business settings, System users")),
    ),
    SetupKey.TEMPLATE: LineWords(
        _("Meta lets a business begin a conversation only with a text that it has approved."),
        _("5 minutes, then 15 minutes to 24 hours at Meta"),
        (
            f"{_MANAGER}/message-templates/?waba_id={{waba_id}}",
            _("WhatsApp Manager, Message templates"),
        ),
    ),
    SetupKey.WEBHOOK: LineWords(
        _("Delivered, read and failed are told by Meta to this address, and nowhere else."),
        _("5 minutes"),
        (f"{_APP}/whatsapp-business/wa-settings/", _("the app, WhatsApp, Configuration")),
    ),
    SetupKey.SUBSCRIPTION: LineWords(
        _(
            "A verified address is not enough: until the app is subscribed to the account only Meta's own test events arrive."
        ),
        _("1 minute"),
        (f"{_APP}/whatsapp-business/wa-settings/", _("the app, WhatsApp, Configuration")),
    ),
    SetupKey.ENVIRONMENT: LineWords(
        _(
            "The environment gives the first credentials, the keys that encrypt them, and the switch. Afterwards credentials are changed here, without a restart."
        ),
        _("5 minutes"),
    ),
    SetupKey.SERVICES: LineWords(
        _(
            "A worker sends and applies webhooks, beat wakes it; the guide's restart of the notification service is theirs."
        ),
        _("1 minute"),
    ),
    SetupKey.VERSION: LineWords(
        _(
            "Meta ends each version after two years and then answers with another one. The guide's v18.0 ended on 26 January 2026."
        ),
        _("1 minute"),
        ("https://developers.facebook.com/docs/graph-api/changelog", _("Graph API changelog")),
    ),
    SetupKey.TEST: LineWords(
        _(
            "Only a signed status that it is on the phone proves the whole way: token, number, template, webhook and secret."
        ),
        _("1 minute"),
    ),
    SetupKey.ASSIGNED: LineWords(
        _("Suppliers see from which number a bakery writes, and answer it there."),
        _("5 minutes for ten bakeries"),
    ),
    SetupKey.QUALITY: LineWords(
        _(
            "Who is blocked or reported often falls to YELLOW and RED, and RED may not send as much. It is read every hour."
        ),
        _("nothing to do while it is GREEN"),
        (f"{_MANAGER}/phone-numbers/?waba_id={{waba_id}}", _("WhatsApp Manager, Phone numbers")),
    ),
    SetupKey.BILLING: LineWords(
        _(
            "Meta charges each delivered message. Without a payment method templates are refused, for all bakeries at once."
        ),
        _("10 minutes"),
        ("https://business.facebook.com/billing_hub", _("Billing and payments")),
    ),
}


@dataclass(frozen=True, slots=True)
class Help:
    """An entry of the guide's troubleshooting, corrected, and the findings beside which it is offered."""

    title: StrPromise
    lines: tuple[StrPromise, ...]
    findings: frozenset[str]


HELP: dict[str, Help] = {
    SetupKey.BUSINESS: Help(
        _("Business verification stuck"),
        (
            _("Look at the Security Center: Meta says there what it misses."),
            _("Documents must be whole, legible and not expired."),
            _("The business's name must be the one in the documents, letter by letter."),
            _("A domain or business that Meta has banned cannot be verified."),
            _("After five working days write to Meta Business Support."),
        ),
        frozenset({"business_pending", "business_unverified"}),
    ),
    SetupKey.NUMBERS: Help(
        _("Phone number verification fails"),
        (
            _("“Already registered with WhatsApp”: the number is used in the phone app."),
            _("Take another number, or delete the WhatsApp account in the app; that is for good."),
            _("No SMS came: virtual numbers often get none. Ask for a call instead."),
            _(
                "A new business may have two numbers, a verified one twenty; Meta raises that by itself."
            ),
        ),
        frozenset({"numbers_missing", "numbers_unverified", "numbers_off"}),
    ),
    SetupKey.TOKEN: Help(
        _("“Invalid OAuth access token”"),
        (
            _("It ended: generate a new one for the system user."),
            _("It is another one: copy it again, from the beginning to the end."),
            _("It lacks permissions: tick both WhatsApp permissions when generating it."),
            _("It cannot reach the account: assign app and WhatsApp account to the system user."),
        ),
        frozenset({"token_bad", "token_invalid", "token_refused_now", "token_stopped", "refused"}),
    ),
    SetupKey.TEMPLATE: Help(
        _("Template rejected"),
        (
            _("Promotion in a UTILITY template: take out words such as offer, sale or discount."),
            _("Placeholders must be {{1}}, {{2}}, {{3}} in order, each with a good example."),
            _("Say in the text what it is about, so that the purpose is clear."),
            _("Edit it and submit it again; its page has the reason and what to do."),
        ),
        frozenset({"template_rejected", "template_stopped"}),
    ),
    SetupKey.WEBHOOK: Help(
        _("“The URL couldn't be validated. Callback verification failed”"),
        (
            _("The address must be public, not localhost."),
            _("It must answer 200, without a log-in or a redirect in front of it."),
            _("It must return the challenge and nothing else."),
            _("It must use HTTPS with a valid certificate and its whole chain."),
            _("The verify token at Meta must be the stored one."),
        ),
        frozenset({"address_bad", "posts_elsewhere", "not_registered"}),
    ),
}


def line_url(key: str) -> str:
    """Return the set-up page with this line open."""
    return f"{list_url('messaging_setupcheck', open=key)}#line-{key}"
