"""Paging over a table of millions: no COUNT(*) over all of it, and no page so deep that OFFSET takes seconds."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from django.core.paginator import Paginator
from django.db import OperationalError, connection, transaction

if TYPE_CHECKING:
    from django.db.models import Model, QuerySet

LISTED = 5_000
COUNT_TIMEOUT_MS = 300


class NewestPaginator(Paginator):  # type: ignore[type-arg]  # generic only in the stubs
    """Lists at most the newest LISTED rows: whoever needs an older one searches or filters by day.

    The count is exact up to there. Where even that takes too long (a rare state among millions) it is LISTED.
    """

    @cached_property
    def count(self) -> int:
        found: QuerySet[Model] = self.object_list  # type: ignore[assignment]  # the admin pages querysets
        rows = found.order_by()[: LISTED + 1]
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SET LOCAL statement_timeout = %s", [COUNT_TIMEOUT_MS])
                counted = rows.count()
                # Released with the savepoint only when it is rolled back; the request's later queries take longer.
                cursor.execute("SET LOCAL statement_timeout = DEFAULT")
        except OperationalError as error:
            if getattr(error.__cause__, "sqlstate", None) != "57014":  # query_canceled
                raise
            return LISTED
        return min(counted, LISTED)

    @property
    def is_cut(self) -> bool:
        return self.count >= LISTED


class NewestOnly:
    """A list of a table that only grows: the newest first and no other way round, for which there is no index."""

    ordering: tuple[str, ...] = ("-id",)
    sortable_by: tuple[str, ...] = ()
    list_per_page = 50
    paginator = NewestPaginator
    list_after_template = "admin/messaging/message/_newest_only.html"
