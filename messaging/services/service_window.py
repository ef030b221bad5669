"""The 24 hours in which Meta takes free text: from each message of the person, for each sending number apart."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from messaging.models import InboundMessage
from messaging.services.people import Person
from tenants import phone_numbers
from tenants.models import PhoneNumber

SERVICE_WINDOW = timedelta(hours=24)
# No messages in the sense of Meta's window. Of a reaction nobody has told whether it opens one (Cloud API, Send messages,
# read 2026-11-22), so it is not counted on.
OPENS_NO_WINDOW = ("reaction", "system", "edit", "revoke")


def window_open_until(number: PhoneNumber, person: Person) -> datetime | None:
    """Return until when free text reaches this person from the number; None while it does not."""
    same = Q()
    if person.phone:
        same |= Q(sender_phone__in=phone_numbers.spellings(person.phone))
    if person.user_id:
        same |= Q(sender_user_id=person.user_id)
    if not same:
        return None
    now = timezone.now()
    wrote = (
        InboundMessage.objects.filter(same, phone_number=number)
        # The time that Meta gives, not that of arrival; a clock ahead of ours opens no longer window.
        .filter(received_at__gt=now - SERVICE_WINDOW)
        .exclude(kind__in=OPENS_NO_WINDOW)
    )
    last = wrote.newest_first().values_list("received_at", flat=True).first()
    return None if last is None else min(last, now) + SERVICE_WINDOW
