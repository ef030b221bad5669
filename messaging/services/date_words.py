"""What a dated event is called and what to do about it, for the page, the calendar and the reminders alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from messaging.graph_api.versions import GRAPH_VERSIONS
from messaging.services.dates_ahead import (
    DatedEvent,
    DateKind,
    DateState,
    version_without_end,
)

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

_GENERATE = _(
    "Generate a new token for the system user at Meta (setup guide, step 4), paste it on the token page and put it into service. Nothing is restarted."
)
# Title and what to do.
_WORDS: dict[DateKind, tuple[StrPromise, StrPromise]] = {
    DateKind.TOKEN_ENDS: (_("The WhatsApp access token ends"), _GENERATE),
    DateKind.TOKEN_ROTATION: (_("Replace the WhatsApp access token"), _GENERATE),
    DateKind.OLD_TOKEN_ENDS: (
        _("The previous access token is revoked"),
        _("Nothing to do: it is revoked by itself, and Meta is asked whether it is dead."),
    ),
    DateKind.VERSION_ENDS: (
        _("Meta ends the Graph API version %(subject)s"),
        _("Set WHATSAPP_API_VERSION to the newest version and restart web, worker and beat."),
    ),
    DateKind.PRICES_BEGIN: (
        _("New prices of Meta in %(subject)s begin"),
        _("Nothing to do: they stand in the price book and count from that day."),
    ),
    DateKind.PRICES_END: (
        _("Prices of Meta in %(subject)s end"),
        _("Import Meta's new rate card into the price book."),
    ),
    DateKind.TEMPLATE_ARCHIVED: (
        _("Meta archives the template %(subject)s"),
        _(
            "It was not sent for almost a year. Send it once, or let it go; 28 days later Meta deletes it."
        ),
    ),
    DateKind.STOP_ENDS: (
        _("Meta's restriction of the account ends"),
        _("Nothing to do: what waits goes out by itself then."),
    ),
    DateKind.SERVICE_CHARGED: (
        _("Meta charges utility messages inside the 24-hour window and service messages"),
        _("Nothing to do: the cost pages count them as Meta's webhooks say."),
    ),
    DateKind.SIGNUP_V2_ENDS: (
        _("Meta ends Embedded Signup v2"),
        _("Nothing to do: the product connects numbers without it."),
    ),
    DateKind.ACCOUNT_ALIAS_ENDS: (
        _("Meta drops the field paid_messaging_account_id"),
        _("Nothing to do: the product does not use it. Check other systems that call Meta."),
    ),
}
STATES: dict[DateState, StrPromise] = {
    DateState.OVERDUE: _("overdue"),
    DateState.SOON: _("soon"),
    DateState.AHEAD: _("ahead"),
    DateState.PAST: _("past"),
}


def title_of(event: DatedEvent) -> str:
    return str(_WORDS[event.kind][0]) % {"subject": event.subject}


def action_of(event: DatedEvent) -> str:
    return str(_WORDS[event.kind][1])


def undated() -> str:
    """Say what one looks for among the dates and has none yet: the end of the Graph version in use. Empty when it has."""
    version = version_without_end()
    if version is None:
        return ""
    if all(row.version != version for row in GRAPH_VERSIONS):
        text = _(
            "Graph API %(version)s: it is not in our table of versions, so its end is unknown."
        )
    else:
        text = _("Graph API %(version)s: Meta has not announced its end.")
    return str(text) % {"version": version}
