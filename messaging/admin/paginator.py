"""Paging over tables of millions: from where one is to older or newer rows, with no COUNT(*) and no OFFSET."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db.models import Q

from messaging.services import ways
from tenants.admin.sealed_search import SealedChangeList, SealedSearch

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest, QueryDict

OLDER, NEWER = "older", "newer"
# What finds next to nothing in time is looked for among so many rows at once; of a search each row's words are made anew.
LOOKED_THROUGH = 100_000
SEARCHED_THROUGH = 25_000


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
        count = self.list_per_page + 1
        if not any(getattr(spec, "is_unindexed", False) for spec in self.filter_specs):
            if self.query:
                sample = self._among(found, self._last_of(place, ways.SAMPLED))
                rows = ways.first_rows(found, sample, count=count)
            else:
                rows = ways.in_time(found[:count], ms=ways.FILTER_TIMEOUT_MS)
            if rows is not None:
                return rows, None
        self.looked_through = SEARCHED_THROUGH if self.query else LOOKED_THROUGH
        last = self._last_of(place, self.looked_through)
        part = self._among(found, last)
        part = (found if part is None else part)[:count]
        return (ways.newest(part, ms=0) or []) if self.query else list(part), last and last.pk

    def _among(self, found: QuerySet[Any], last: Place | None) -> QuerySet[Any] | None:
        """Return what is found up to this row of the table."""
        return None if last is None else found.exclude(self._side(last))

    def _last_of(self, place: Place, count: int) -> Place | None:
        """Return the last of so many rows of the whole table from here on; None where fewer are left."""
        rows = self._ordered(self._beside(self.model._default_manager.all(), place), place)
        ends = rows.values_list("pk", self._first_field)[count : count + 1]
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
