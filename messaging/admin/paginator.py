"""Paging over tables of millions: from where one is to older or newer rows, with no COUNT(*) and no OFFSET."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import OperationalError, connection, transaction
from django.db.models import Q

from tenants.admin.sealed_search import SealedChangeList, SealedSearch

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest, QueryDict

OLDER, NEWER = "older", "newer"
# A filter that finds next to nothing among millions is given up after this, and looks through LOOKED_THROUGH rows at once.
TIMEOUT_MS = 120
# A search sooner, and is then answered by its indexes alone: PostgreSQL takes words for more frequent than they are. Reading
# where a frequent word stands takes a tenth of a second among ten million.
SEARCH_TIMEOUT_MS = 60
INDEXES_TIMEOUT_MS = 250
LOOKED_THROUGH = 100_000
_QUERY_CANCELED = "57014"
# All rows that the indexes of the searched columns name, sorted afterwards.
_BY_INDEXES = {"enable_indexscan": "off", "enable_seqscan": "off"}
_NO_SETTINGS: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page begins: beside a row, on its older or its newer side. `value` is the row's in the list's order."""

    pk: Any = None
    value: Any = None
    is_older_side: bool = True


class KeysetPager:
    """What Django's template tag of pages asks of a paginator."""

    template_name = "admin/messaging/message/_older_newer.html"


class KeysetChangeList(SealedChangeList):
    """One page, and links to what is older and newer. `is_cut` where only a part of the table was looked through."""

    show_all = False
    can_show_all = False
    multi_page = False
    show_full_result_count = False
    full_result_count = None
    show_admin_actions = True
    older_url = newer_url = newest_url = ""
    is_cut = False
    looked_through = LOOKED_THROUGH

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().__init__(request, *args, **kwargs)
        # Whoever filters begins at the newest again: unfold's form repeats what stands here.
        request.GET = _without_place(request.GET)  # type: ignore[assignment]  # the stubs call it immutable

    def get_queryset(
        self, request: HttpRequest, exclude_parameters: list[str | None] | None = None
    ) -> QuerySet[Any]:
        for name in (OLDER, NEWER):
            self.params.pop(name, None)
            self.filter_params.pop(name, None)
        return super().get_queryset(request, exclude_parameters)

    @property
    def advice(self) -> str:
        """What to type instead, where the list knows."""
        advise = getattr(self.model_admin, "search_advice", None)
        return advise(self.query) if advise and self.query else ""

    @property
    def hint(self) -> tuple[str, str] | None:
        """Words and address of another list that may be meant, where the list knows one."""
        hint = getattr(self.model_admin, "search_hint", None)
        return hint(self.query) if hint and self.query else None

    def get_results(self, request: HttpRequest) -> None:
        self.paginator = KeysetPager()
        place = self._place(request.GET)
        rows, edge = self._rows(place)
        if not place.is_older_side and len(rows) <= self.list_per_page and edge is None:
            place = Place()  # Hardly anything is newer: the first page whole.
            rows, edge = self._rows(place)
        has_more = len(rows) > self.list_per_page
        rows = rows[: self.list_per_page]
        if not place.is_older_side:
            rows.reverse()
        self.result_list = rows
        self.is_cut = edge is not None and not has_more
        self.has_more = has_more or edge is not None or place.pk is not None
        # More than are listed, for whoever asks whether all could be selected.
        self.result_count = len(rows) + self.has_more
        self._link(place, further=(rows[-1 if place.is_older_side else 0].pk if has_more else edge))

    def _link(self, place: Place, *, further: Any) -> None:
        """Set the addresses of what is older and newer; `further` is where the page's own direction goes on."""
        if place.pk is not None:
            self.newest_url = self.get_query_string()
        rows = self.result_list
        if place.is_older_side:
            older = further
            newer = None if place.pk is None else (rows[0].pk if rows else place.pk)
        else:
            older, newer = (rows[-1].pk if rows else place.pk), further
        if older is not None:
            self.older_url = self.get_query_string({OLDER: older})
        if newer is not None:
            self.newer_url = self.get_query_string({NEWER: newer})

    def _place(self, given: QueryDict) -> Place:
        for name in (OLDER, NEWER):
            try:
                pk = self.lookup_opts.pk.to_python(given.get(name) or None)
            except ValidationError:
                continue
            if pk is not None and (place := self._beside_row(pk, is_older_side=name == OLDER)):
                return place
        return Place()

    def _beside_row(self, pk: Any, *, is_older_side: bool) -> Place | None:
        """Return the place; None where the list is not in the order of its keys and the row is gone."""
        first = self._first_field
        if first == "id":
            return Place(pk, pk, is_older_side)
        rows = self.model._default_manager.filter(pk=pk).values_list(first, flat=True)
        value = rows.first()
        return None if value is None else Place(pk, value, is_older_side)

    def _rows(self, place: Place) -> tuple[list[Any], Any]:
        """Return a page and one row more, and where looking stopped, None where it did not stop early."""
        found = self._ordered(self._beside(self.queryset, place), place)
        if not any(getattr(spec, "is_unindexed", False) for spec in self.filter_specs):
            rows = self._in_time(found, ms=SEARCH_TIMEOUT_MS if self.query else TIMEOUT_MS)
            if rows is None and self.query:
                rows = self._in_time(found, ms=INDEXES_TIMEOUT_MS, settings=_BY_INDEXES)
            if rows is not None:
                return rows, None
        last = self._last_looked_through(place)
        if last is not None:
            found = found.exclude(self._side(last))
        return self._page_of(found), last and last.pk

    def _in_time(
        self, found: QuerySet[Any], *, ms: int, settings: Mapping[str, str] = _NO_SETTINGS
    ) -> list[Any] | None:
        """Return the page, None when it takes longer than `ms`. `settings` are PostgreSQL's for this query."""
        settings = {**settings, "statement_timeout": str(ms)}
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                _set_local(cursor, settings)
                rows = self._page_of(found)
                # Released with the savepoint only when it is rolled back; the request's later queries go their own way.
                _set_local(cursor, dict.fromkeys(settings))
        except OperationalError as error:
            if getattr(error.__cause__, "sqlstate", None) != _QUERY_CANCELED:
                raise
            return None
        return rows

    def _page_of(self, found: QuerySet[Any]) -> list[Any]:
        return list(found[: self.list_per_page + 1])

    def _last_looked_through(self, place: Place) -> Place | None:
        """Return the row of the whole table up to which is looked; None where fewer are left."""
        rows = self._ordered(self._beside(self.model._default_manager.all(), place), place)
        ends = rows.values_list("pk", self._first_field)[LOOKED_THROUGH : LOOKED_THROUGH + 1]
        return next((Place(pk, value, place.is_older_side) for pk, value in ends), None)

    def _ordered(self, found: QuerySet[Any], place: Place) -> QuerySet[Any]:
        found = found.order_by(*self.model_admin.ordering)
        return found if place.is_older_side else found.reverse()

    def _beside(self, found: QuerySet[Any], place: Place) -> QuerySet[Any]:
        return found if place.pk is None else found.filter(self._side(place))

    def _side(self, place: Place) -> Q:
        """What is older, or newer, than the row of a place."""
        word = "lt" if place.is_older_side else "gt"
        first = self._first_field
        beyond = Q(**{f"{first}__{word}": place.value})
        return (
            beyond if first == "id" else beyond | Q(**{first: place.value, f"id__{word}": place.pk})
        )

    @property
    def _first_field(self) -> str:
        """The field that the list is in the order of; its key decides between equals."""
        name: str = self.model_admin.ordering[0]
        return name.removeprefix("-")


def _set_local(cursor: Any, settings: Mapping[str, str | None]) -> None:
    """Set these of PostgreSQL's settings until the transaction ends; None is the default again."""
    for name, value in settings.items():
        cursor.execute(f"SET LOCAL {name} = {value or 'DEFAULT'}")


def _without_place(given: QueryDict) -> QueryDict:
    kept = given.copy()
    for name in (OLDER, NEWER):
        kept.pop(name, None)
    return kept


class NewestOnly(SealedSearch):
    """A list of a table that only grows: the newest first and no other way round, for which there is no index."""

    ordering: tuple[str, ...] = ("-id",)
    sortable_by: tuple[str, ...] = ()
    list_per_page = 50
    place_parameters = (OLDER, NEWER)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[KeysetChangeList]:
        return KeysetChangeList
