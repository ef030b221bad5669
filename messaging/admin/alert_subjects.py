"""What alerts are about, as people know it: a number with its bakery, a template; and where its page is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Value
from django.db.models.functions import Concat, Left
from django.utils.translation import gettext as _

from messaging.models import AlertKind, MessageTemplate
from messaging.services.template_drift import SUBJECT_LENGTH
from tenants.display import page_url, phone
from tenants.services.number_use import with_holders

if TYPE_CHECKING:
    from collections.abc import Collection

    from messaging.models import Alert
    from tenants.models import PhoneNumber

_OF_NUMBERS = frozenset(
    {
        AlertKind.NUMBER_STOPPED,
        AlertKind.NUMBER_QUALITY,
        AlertKind.NUMBER_GONE,
        AlertKind.NUMBER_NAME,
        AlertKind.NAME_APPROVED,
        AlertKind.NUMBER_SECURITY,
    }
)
_OF_TEMPLATES = frozenset(
    {AlertKind.TEMPLATE_STOPPED, AlertKind.TEMPLATE_CHANGED, AlertKind.TEMPLATE_QUALITY}
)


@dataclass(frozen=True, slots=True)
class Subject:
    about: str
    url: str


def subjects_of(
    alerts: Collection[Alert], *, numbers: Collection[PhoneNumber] | None = None
) -> dict[int, Subject]:
    """Return them by the alerts' keys, with two queries for all; an alert about anything else, or gone, has none.

    `numbers` saves one of them: all numbers, read with their holders already.
    """
    if numbers is None:
        numbers = _numbers({alert.subject for alert in alerts if alert.kind in _OF_NUMBERS})
    by_id = {number.phone_number_id: number for number in numbers}
    templates = _templates({alert.subject for alert in alerts if alert.kind in _OF_TEMPLATES})
    found = {}
    for alert in alerts:
        if alert.kind in _OF_NUMBERS and alert.subject in by_id:
            found[alert.pk] = _of_number(alert, by_id[alert.subject])
        elif alert.kind in _OF_TEMPLATES and alert.subject in templates:
            url = page_url("messaging_messagetemplate", templates[alert.subject])
            found[alert.pk] = Subject(alert.subject, url)
    return found


def _numbers(ids: set[str]) -> list[PhoneNumber]:
    return list(with_holders().filter(phone_number_id__in=ids)) if ids else []


def _templates(subjects: set[str]) -> dict[str, int]:
    if not subjects:
        return {}
    # As MessageTemplate.__str__ writes it, and an alert cuts it.
    written = Left(Concat("name", Value(" ("), "language", Value(")")), SUBJECT_LENGTH)
    rows = MessageTemplate.objects.annotate(subject=written).filter(subject__in=subjects)
    return dict(rows.order_by("id").values_list("subject", "pk"))


def _of_number(alert: Alert, number: PhoneNumber) -> Subject:
    """A bakery's own number is no secret to the staff. The rating is today's, so only an open alert names it."""
    holder = getattr(number, "holder", None) or (
        _("default number") if number.is_default else _("spare")
    )
    words = [phone(number.display_phone_number), holder]
    if alert.kind == AlertKind.NUMBER_QUALITY and alert.closed_at is None:
        words.append(number.quality_rating)
    return Subject(" · ".join(filter(None, words)), page_url("tenants_phonenumber", number.pk))
