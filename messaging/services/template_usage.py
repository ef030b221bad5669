"""Who sends a template, and whether what they send still fits it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from messaging.graph_api.template_text import ParametersMismatchError, fit
from messaging.models import Message, MessageTemplate
from messaging.models.message import first_id_at
from tenants.models import Tenant

WINDOW = timedelta(days=30)
# Enough to know the callers by, few enough to count while somebody waits for the page.
_COUNTED_AT_MOST = 20_000
_CALLERS_SHOWN = 50

# One pass along the time-ordered ids; the ORM would read the newest once for each question.
_CALLERS = """
SELECT requested_by, tenant_id, count(*), max(created_at), (array_agg(id ORDER BY id DESC))[1]
FROM (
  SELECT id, requested_by, tenant_id, created_at FROM messaging_message
  WHERE template_id = %(template)s AND id >= %(first)s
  ORDER BY id DESC LIMIT %(limit)s
) AS newest
GROUP BY requested_by, tenant_id
ORDER BY count(*) DESC, requested_by, tenant_id
"""


@dataclass(frozen=True, slots=True)
class Caller:
    """`misfit`: sentences in English, why the values of its last message no longer fit the template; none while they do."""

    requested_by: str
    tenant_id: uuid.UUID
    tenant_name: str
    messages: int
    last_at: datetime
    misfit: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Usage:
    """The last 30 days, the busiest callers. With `is_partial` only the newest messages were counted."""

    callers: list[Caller]
    messages: int
    is_partial: bool

    @property
    def misfits(self) -> list[Caller]:
        return [caller for caller in self.callers if caller.misfit]


def usage_of(template: MessageTemplate) -> Usage:
    """Three queries, however many messages there are."""
    rows = _rows(template)
    shown = rows[:_CALLERS_SHOWN]
    names = dict(
        Tenant.objects.filter(pk__in={tenant for _by, tenant, *_rest in shown}).values_list(
            "pk", "name"
        )
    )
    last = dict(
        Message.objects.filter(pk__in=[row[4] for row in shown]).values_list("pk", "components")
    )
    callers = [
        Caller(by, tenant, names[tenant], count, last_at, _misfit(template, last[message]))
        for by, tenant, count, last_at, message in shown
    ]
    total = sum(row[2] for row in rows)
    return Usage(callers, total, is_partial=total >= _COUNTED_AT_MOST)


def _rows(template: MessageTemplate) -> list[tuple[str, uuid.UUID, int, datetime, uuid.UUID]]:
    values: dict[str, int | uuid.UUID] = {
        "template": template.pk,
        "first": first_id_at(timezone.now() - WINDOW),
        "limit": _COUNTED_AT_MOST,
    }
    with connection.cursor() as cursor:
        cursor.execute(_CALLERS, values)
        return list(cursor.fetchall())


def _misfit(template: MessageTemplate, components: list[dict[str, Any]]) -> tuple[str, ...]:
    try:
        fit(
            template_components=template.components,
            parameter_format=template.parameter_format,
            given=components,
        )
    except ParametersMismatchError as error:
        return tuple(dict.fromkeys(error.fields.values()))
    return ()
