"""What stands above the list of webhooks: what was refused, what nobody handles; and the form for a range of time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import redis
from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from messaging.graph_api.signature import Signature
from messaging.models import DeliveryOutcome, UnknownWebhookField
from messaging.services import refusals, replaying

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import QuerySet
    from django_stubs_ext import StrOrPromise

    from messaging.models import WebhookDelivery

_SHOWN = 20
_REFUSED_WITHIN = timedelta(hours=24)
# More are marked faster by the command than a browser waits.
MAX_RANGE = 100_000
_REASONS: dict[str, StrOrPromise] = {
    Signature.MISSING: gettext_lazy("no signature"),
    Signature.WRONG: gettext_lazy("wrong signature"),
    Signature.DOUBLED: gettext_lazy("two signatures"),
}


@dataclass(frozen=True, slots=True)
class RefusedLine:
    network: str
    why: StrOrPromise
    count: int
    last: datetime


@dataclass(frozen=True, slots=True)
class InboxFacts:
    """`refused` is None when Redis, which counts it, does not answer."""

    refused: list[RefusedLine] | None
    unknown: list[UnknownWebhookField]
    refused_count: int = 0


def inbox_facts(now: datetime) -> InboxFacts:
    unknown = UnknownWebhookField.objects.order_by("-last_at", "-id")
    try:
        refused = _by_source(refusals.refusals(now - _REFUSED_WITHIN))
    except redis.RedisError:
        return InboxFacts(refused=None, unknown=list(unknown[:_SHOWN]))
    count = sum(line.count for line in refused)
    return InboxFacts(refused[:_SHOWN], list(unknown[:_SHOWN]), refused_count=count)


def _by_source(lines: Iterable[refusals.Refusal]) -> list[RefusedLine]:
    """Add up the hours of each network and reason, the most frequent first."""
    counts: dict[tuple[str, str], int] = {}
    last: dict[tuple[str, str], datetime] = {}
    for line in lines:
        source = (line.network, line.reason)
        counts[source] = counts.get(source, 0) + line.count
        last[source] = max(line.hour, last.get(source, line.hour))
    found = [
        RefusedLine(_network(network), _REASONS[reason], count, last[network, reason])
        for (network, reason), count in counts.items()
    ]
    return sorted(found, key=lambda line: -line.count)


def _network(network: str) -> str:
    return _("others") if network == refusals.OTHERS else network


_YEARS = gettext_lazy("Choose a year from 2000 to 2199.")


# Half-typed years are the first or the last ones that a computer knows.
_A_CALENDARS = (
    MinValueValidator(datetime(2000, 1, 1, tzinfo=UTC), _YEARS),
    MaxValueValidator(datetime(2200, 1, 1, tzinfo=UTC), _YEARS),
)


class ReplayForm(forms.Form):
    """A range of time and, if wanted, only what ended so. `found` holds the deliveries once it is valid."""

    found: QuerySet[WebhookDelivery]

    after = forms.DateTimeField(
        validators=_A_CALENDARS,
        label=gettext_lazy("received from"),
        widget=UnfoldAdminTextInputWidget(attrs={"type": "datetime-local", "step": "1"}),
    )
    before = forms.DateTimeField(
        validators=_A_CALENDARS,
        label=gettext_lazy("until"),
        help_text=gettext_lazy("Up to, but without, this moment. In the time zone of the admin."),
        widget=UnfoldAdminTextInputWidget(attrs={"type": "datetime-local", "step": "1"}),
    )
    outcome = forms.ChoiceField(
        label=gettext_lazy("only"),
        required=False,
        choices=[("", gettext_lazy("all")), *DeliveryOutcome.choices],
        widget=UnfoldAdminSelectWidget,
    )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if self.errors:
            return cleaned
        if cleaned["after"] >= cleaned["before"]:
            self.add_error("before", _("This must be later than the beginning."))
            return cleaned
        self.found = replaying.in_range(
            after=cleaned["after"],
            before=cleaned["before"],
            outcome=DeliveryOutcome(cleaned["outcome"]) if cleaned["outcome"] else None,
        )
        if self.found[: MAX_RANGE + 1].count() > MAX_RANGE:
            text = _(
                "More than %(count)d deliveries: choose a shorter range, or use "
                "“manage.py replay_webhooks”."
            )
            self.add_error("before", text % {"count": MAX_RANGE})
        return cleaned
