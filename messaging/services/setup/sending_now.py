"""Whether an order would leave at this moment, asked of nobody at Meta: the set-up's first question."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import redis
from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone

from messaging import queues
from messaging.models import Alert, AlertKind, MessageTemplate, SetupKey
from messaging.services.accounts import NoAccountError, current_account
from messaging.services.obstacles import UNUSABLE_STATUSES
from messaging.services.refused_token import line_at_fault
from tenants.models import PhoneNumber, Tenant, WhatsAppBusinessAccount

_OPEN = Q(sending_stopped_at__isnull=True) & ~Q(status__in=UNUSABLE_STATUSES)


@dataclass(frozen=True, slots=True)
class SendingNow:
    """`code` and `facts` name the sentence as those of a line do; `line` is the one to look at."""

    is_possible: bool
    code: str
    facts: dict[str, Any] = field(default_factory=dict)
    line: SetupKey | None = None


def sending_now() -> SendingNow:
    """Return the first thing that keeps every order from leaving, or that none does."""
    try:
        account = current_account()
    except NoAccountError:
        return _no("no_account", SetupKey.WABA)
    return (
        _halt_of(account)
        or _halt_of_processes()
        or _nothing_to_send_with()
        or _nobody_to_send_for()
        or _possible()
    )


def _no(code: str, line: SetupKey | None = None, **facts: Any) -> SendingNow:
    return SendingNow(False, code, facts, line)


def _halt_of(account: WhatsAppBusinessAccount) -> SendingNow | None:
    if not account.access_token:
        return _no("no_token", SetupKey.TOKEN)
    if not settings.ENABLE_WHATSAPP_NOTIFICATIONS:
        return _no("environment_off", SetupKey.ENVIRONMENT)
    if account.sending_stopped_reason:
        return _no("line_stopped_by_meta", SetupKey.WABA, reason=account.sending_stopped_reason)
    if account.sending_stopped_at is not None:
        code = account.sending_stopped_code
        return _no("line_stopped", line_at_fault(code), error=code)
    if account.sending_paused_at is not None:
        return _no("line_paused")
    return None


def _halt_of_processes() -> SendingNow | None:
    try:
        is_alive = queues.is_worker_alive()
    except redis.RedisError:
        return _no("redis_away", SetupKey.SERVICES)
    return None if is_alive else _no("worker_away", SetupKey.SERVICES)


def _nothing_to_send_with() -> SendingNow | None:
    if not _numbers_in_use().exists():
        return _no("no_number_in_use", SetupKey.NUMBERS)
    if not _numbers_in_use().filter(_OPEN).exists():
        return _no("numbers_stopped", SetupKey.NUMBERS)
    if not MessageTemplate.objects.sendable().exists():
        return _no("no_sendable_template", SetupKey.TEMPLATE)
    return None


def _nobody_to_send_for() -> SendingNow | None:
    switched_on = Tenant.objects.filter(whatsapp_enabled=True)
    if switched_on.exclude(suspended_until__gt=timezone.now()).exists():
        return None
    return _no("bakeries_off", SetupKey.ASSIGNED)


def _possible() -> SendingNow:
    stopped = _numbers_in_use().exclude(_OPEN).count()
    if stopped:
        return SendingNow(True, "can_send_partly", {"stopped": stopped}, SetupKey.NUMBERS)
    if Alert.objects.open().filter(kind=AlertKind.PORTFOLIO_LIMIT).exists():
        return SendingNow(True, "can_send_within_limit")
    return SendingNow(True, "can_send")


def _numbers_in_use() -> QuerySet[PhoneNumber]:
    spare = PhoneNumber.objects.spare().values("pk")
    return PhoneNumber.objects.filter(gone_at__isnull=True).exclude(pk__in=spare)
