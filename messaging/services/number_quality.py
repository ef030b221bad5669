"""How Meta rates the numbers: the history of it, and an alert when it falls."""

from __future__ import annotations

from messaging.models import AlertKind
from messaging.services.alerts import close_alerts, open_alert
from tenants.models import PhoneNumber, QualityReading

# Every other word means good, or that Meta has not rated the number yet (Business phone numbers, read 2026-11-22).
LOW = frozenset({"YELLOW", "RED"})


def note_quality(number: PhoneNumber, *, before: str, rating: str) -> None:
    """Keep a rating that has changed and tell of a low one, anew when it changes. Called with each reading."""
    if rating != before:
        QualityReading.objects.create(phone_number=number, rating=rating)
        close_alerts(AlertKind.NUMBER_QUALITY, subject=number.phone_number_id)
    if rating in LOW:
        open_alert(AlertKind.NUMBER_QUALITY, subject=number.phone_number_id)
