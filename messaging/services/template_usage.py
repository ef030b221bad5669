"""Who sends a template, and whether what they send still fits it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Max, QuerySet
from django.utils import timezone

from messaging.graph_api.template_text import ParametersMismatchError, fit
from messaging.models import Message, MessageTemplate

WINDOW = timedelta(days=30)
# Enough to know the callers by, few enough to count while somebody waits for the page.
_COUNTED_AT_MOST = 50_000
_CALLERS_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Caller:
    """`misfit` says in English why the values of its last message no longer fit the template; "" while they do."""

    requested_by: str
    tenant_id: uuid.UUID
    tenant_name: str
    messages: int
    last_at: datetime
    misfit: str


@dataclass(frozen=True, slots=True)
class Usage:
    """The last 30 days. With `is_partial` only the newest messages were counted."""

    callers: list[Caller]
    messages: int
    is_partial: bool

    @property
    def misfits(self) -> list[Caller]:
        return [caller for caller in self.callers if caller.misfit]


def usage_of(template: MessageTemplate) -> Usage:
    """Three queries, however many messages there are."""
    newest = (
        Message.objects.filter(template=template)
        .created_between(after=timezone.now() - WINDOW)
        .newest_first()
        .values("id")[:_COUNTED_AT_MOST]
    )
    sent = Message.objects.filter(id__in=newest)
    rows = list(
        sent.values("requested_by", "tenant", "tenant__name")
        .annotate(messages=Count("id"), last_at=Max("created_at"))
        .order_by("-messages", "requested_by", "tenant")
    )
    misfits = _misfits(template, sent)
    callers = [
        Caller(
            row["requested_by"],
            row["tenant"],
            row["tenant__name"],
            row["messages"],
            row["last_at"],
            misfits.get((row["requested_by"], row["tenant"]), ""),
        )
        for row in rows[:_CALLERS_SHOWN]
    ]
    total = sum(row["messages"] for row in rows)
    return Usage(callers, total, is_partial=total >= _COUNTED_AT_MOST)


def _misfits(
    template: MessageTemplate, sent: QuerySet[Message]
) -> dict[tuple[str, uuid.UUID], str]:
    last = sent.order_by("requested_by", "tenant", "-id").distinct("requested_by", "tenant")
    samples = Message.objects.filter(id__in=list(last.values_list("id", flat=True)))
    return {
        (requested_by, tenant): misfit
        for requested_by, tenant, components in samples.values_list(
            "requested_by", "tenant", "components"
        )
        if (misfit := _misfit(template, components))
    }


def _misfit(template: MessageTemplate, components: list[dict[str, object]]) -> str:
    try:
        fit(
            template_components=template.components,
            parameter_format=template.parameter_format,
            given=components,
        )
    except ParametersMismatchError as error:
        return " ".join(dict.fromkeys(error.fields.values()))
    return ""
