"""The alarm when messages go out and no status comes back."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from messaging import queues
from messaging.models import Alert, AlertKind, Message, WebhookDelivery
from messaging.models.message import first_id_at
from messaging.services import webhook_checks
from messaging.services.accounts import current_account
from messaging.services.alerts import close_alerts, open_alert
from messaging.services.webhook_checks import Finding, likely_cause, run_checks
from messaging.statuses import META_REPORTS, MessageStatus
from tenants.models import PhoneNumber, WhatsAppBusinessAccount

_LOOK_EVERY_S = 55
_TEST_AGAIN_EVERY_S = 600
# Whoever waited longer for a status will hardly get one.
_LOOKED_BACK = timedelta(hours=24)
_ROWS = 1000
_DELIVERIES = 300


def watch() -> None:
    """Open the alarm with its probable cause, or close it once statuses arrive. Asked once a minute.

    While statuses arrive this is one short read of the newest messages; Meta is asked only in silence.
    """
    if not queues.is_first_within(_LOOK_EVERY_S, AlertKind.WEBHOOK_SILENT):
        return
    standing = Alert.objects.open().filter(kind=AlertKind.WEBHOOK_SILENT).first()
    if standing is None:
        _listen()
    elif last_heard(after=standing.opened_at) is not None:
        close_alerts(AlertKind.WEBHOOK_SILENT)
    elif queues.is_first_within(_TEST_AGAIN_EVERY_S, "webhook-tests"):
        _tell(_since(standing), current_account(), numbers=None)


def check_now() -> list[Finding]:
    """Run the tests at somebody's word. Raises NoAccountError."""
    return run_checks(current_account(), since=timezone.now() - _LOOKED_BACK)


def silent_since(now: datetime) -> tuple[datetime, PhoneNumber] | None:
    """Return when the oldest message of the present silence was accepted, and its number; None without silence.

    Looks at the newest thousand messages that are old enough; a long queue of waiting ones hides those before it.
    """
    waited = now - timedelta(minutes=settings.WHATSAPP_SILENCE_MINUTES)
    newest = (
        Message.objects.filter(id__gte=first_id_at(now - _LOOKED_BACK), id__lt=first_id_at(waited))
        .order_by("-id")
        .values("pk")[:_ROWS]
    )
    # What Meta holds back has no status for an hour, so only what it accepted counts.
    without_status = Message.objects.filter(
        pk__in=newest, status=MessageStatus.ACCEPTED, accepted_at__lte=waited
    ).select_related("phone_number__account")
    rows = list(without_status.order_by("accepted_at")[:_ROWS])
    if not rows:
        return None
    heard_at = last_heard(after=_accepted_at(rows[0]))
    unheard = (row for row in rows if heard_at is None or _accepted_at(row) > heard_at)
    first = next(unheard, None)
    return None if first is None else (_accepted_at(first), first.phone_number)


def last_heard(*, after: datetime) -> datetime | None:
    """Return when a webhook last brought a status of any message; one still to be applied may have."""
    deliveries = WebhookDelivery.objects.filter(received_at__gt=after).newest_first()
    columns = ("received_at", "processed_at", "verdicts")
    for received_at, processed_at, verdicts in deliveries.values_list(*columns)[:_DELIVERIES]:
        if processed_at is None or any(line.get("what") in META_REPORTS for line in verdicts):
            heard_at: datetime = received_at
            return heard_at
    return None


def _listen() -> None:
    found = silent_since(timezone.now())
    if found is not None:
        since, number = found
        _tell(since, number.account, numbers=[number])


def _tell(
    since: datetime, account: WhatsAppBusinessAccount, *, numbers: list[PhoneNumber] | None
) -> None:
    findings = run_checks(account, since=since, numbers=numbers)
    cause = likely_cause(findings)
    open_alert(
        AlertKind.WEBHOOK_SILENT,
        subject=account.waba_id,
        details={
            "since": since.isoformat(),
            "cause": cause.as_json() if cause else None,
            "findings": [finding.as_json() for finding in findings],
            "address": webhook_checks.our_address(),
        },
    )


def _since(alarm: Alert) -> datetime:
    told = alarm.details.get("since")
    return datetime.fromisoformat(told) if told else alarm.opened_at


def _accepted_at(message: Message) -> datetime:
    return message.accepted_at or message.created_at
