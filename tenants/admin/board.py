"""The assignment board: step 9 of the set-up guide on one page. It works without JavaScript; board.js makes it quicker.

Whatever is not saved yet travels in the page's own fields, so proposing, pasting, swapping and a refused save all come
back with the admin's choices kept.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tenants.admin.board_rows import NONE, chips_of, rows_of
from tenants.admin.board_words import line_error_words, refusal_words
from tenants.models import AssignmentRound
from tenants.services.assignments import ConflictsError, NothingChangesError, save_changes
from tenants.services.conflicts import Change, ConflictKind, find_conflicts
from tenants.services.number_board import changes_of, propose_changes, read_board
from tenants.services.pasted_list import TooLongError, read_pasted_list
from tenants.services.undoing import UndoRefusedError, bakeries_of, undo

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from django.db.models import QuerySet
    from django.urls import URLPattern
    from django.utils.safestring import SafeString

    from tenants.services.conflicts import Conflict
    from tenants.services.number_board import Board

_FIELD = re.compile(r"number-([0-9a-f-]{36})-([0-9]{1,18})")
_PK = re.compile(r"[0-9]{1,18}")
_SHOWN_ROUNDS = 3
_RIGHTS = ("tenants.add_phonenumberassignment", "tenants.change_phonenumberassignment")


def may_assign(request: HttpRequest) -> bool:
    """Giving a number may take it from another bakery, so it needs both rights."""
    return request.user.has_perms(_RIGHTS)


def board_url() -> str:
    return reverse("admin:tenants_phonenumberassignment_board")


class AssignmentBoard:
    """What the admin of assignments has beside its history. messaging adds the reading from Meta."""

    admin_site: Any

    def may_sync(self, request: HttpRequest) -> bool:
        return False

    def sync_numbers(self, request: HttpRequest) -> None:
        """Read the numbers from Meta and say how it went."""

    def more_context(self) -> dict[str, Any]:
        """Return what else the page shows."""
        return {}

    def assignments_changed(self) -> None:
        """Called after each saving and undoing."""

    def messages_a_day(self) -> Mapping[UUID, SafeString]:
        """Return a link that says how many messages a day each bakery sends; those that sent none are left out."""
        return {}

    def csv_url(self) -> str:
        """Return where the board is had for a spreadsheet; empty where nowhere."""
        return ""

    def trial_url(self, request: HttpRequest, round_pk: int) -> str:
        """Return where a test is sent from each number of a saved round; empty where nobody may."""
        return ""

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        ours = [
            path("board/", wrap(self.board), name="tenants_phonenumberassignment_board"),
            path(
                "board/undo/<int:pk>/",
                wrap(self.undo_round),
                name="tenants_phonenumberassignment_undo",
            ),
        ]
        return [*ours, *super().get_urls()]  # type: ignore[misc]  # mixin

    # --- The page ------------------------------------------------------------------------------

    def board(self, request: HttpRequest) -> HttpResponse:
        if not self.has_view_permission(request):  # type: ignore[attr-defined]  # mixin
            raise PermissionDenied
        if request.method != "POST":
            return self._page(request, read_board(), [], [])
        if not may_assign(request):
            raise PermissionDenied
        return self._act(request, request.POST.get("do", ""))

    def _act(self, request: HttpRequest, action: str) -> HttpResponse:
        if action == "sync" and self.may_sync(request):
            self.sync_numbers(request)
        board = read_board()
        changes = changes_of(_wishes(request), board)
        if action == "save":
            return self._save(request, board, changes)
        extra: dict[str, Any] = {}
        if action == "propose":
            changes = self._propose(request, board, changes)
        elif action == "paste":
            changes, extra = self._paste(request, board, changes)
        elif action.startswith("swap-"):
            changes = _swapped(changes, board, action.removeprefix("swap-"))
        elif action == "review":
            extra = {"is_review": True}
        conflicts = find_conflicts(changes, board.standing)
        return self._page(request, board, changes, conflicts, **extra)

    def _page(
        self,
        request: HttpRequest,
        board: Board,
        changes: Sequence[Change],
        conflicts: Sequence[Conflict],
        **extra: Any,
    ) -> HttpResponse:
        saved = _just_saved(request)
        rows = rows_of(
            board,
            changes,
            conflicts,
            saved=bakeries_of(saved) if saved else set(),
            messages_a_day=self.messages_a_day(),
        )
        changed = [row for row in rows if row.is_changed]
        context = {
            **self.admin_site.each_context(request),
            "title": _("Assign numbers"),
            "content_title": _("Assign numbers"),
            "board": board,
            "use": board.use,
            "rows": rows,
            "chips": chips_of(board),
            "changed": changed,
            "conflicts": sum(row.state == "conflict" for row in rows),
            "reason": request.POST.get("reason", ""),
            "pasted": request.POST.get("pasted", ""),
            "may_assign": may_assign(request),
            "may_sync": self.may_sync(request),
            "rounds": _undoable(),
            **self.more_context(),
            "csv_url": self.csv_url(),
            "has_free": any(number.is_meta_free for number in board.numbers),
            "trial_url": self.trial_url(request, saved.pk) if saved else "",
            **extra,
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/tenants/board/board.html", context)

    # --- What its buttons do -------------------------------------------------------------------

    def _save(self, request: HttpRequest, board: Board, changes: Sequence[Change]) -> HttpResponse:
        reason = request.POST.get("reason", "").strip()[:300]
        try:
            saved = save_changes(changes, by=request.user.get_username(), reason=reason)
        except ConflictsError as error:
            messages.error(request, _("Nothing was saved: look at the rows in red."))
            return self._page(request, read_board(), changes, error.conflicts)
        except NothingChangesError:
            messages.info(request, _("Nothing to save: every bakery has the number you see."))
            return HttpResponseRedirect(board_url())
        self.assignments_changed()
        text = ngettext(
            "✓ %(count)d bakery changed.", "✓ %(count)d bakeries changed.", saved.bakeries
        )
        messages.success(request, text % {"count": saved.bakeries})
        return HttpResponseRedirect(f"{board_url()}?saved={saved.pk}")

    def _propose(
        self, request: HttpRequest, board: Board, changes: Sequence[Change]
    ) -> list[Change]:
        proposed = propose_changes(board, changes)
        count = len(proposed) - len(changes)
        if count:
            text = ngettext(
                "%(count)d number proposed. Look at it, then save.",
                "%(count)d numbers proposed. Look at them, then save.",
                count,
            )
            messages.info(request, text % {"count": count})
        else:
            messages.info(
                request,
                _("Nothing to propose: every bakery has a number, or no number can be given."),
            )
        return proposed

    def _paste(
        self, request: HttpRequest, board: Board, changes: Sequence[Change]
    ) -> tuple[list[Change], dict[str, Any]]:
        try:
            pasted = read_pasted_list(
                request.POST.get("pasted", ""), tenants=board.tenants, numbers=board.numbers
            )
        except TooLongError:
            messages.error(request, _("The list has more than 1,000 lines. Paste it in parts."))
            return list(changes), {"is_pasting": True}
        text = ngettext(
            "%(count)d line taken over.", "%(count)d lines taken over.", len(pasted.choices)
        )
        messages.info(request, text % {"count": len(pasted.choices)})
        kept = [change for change in changes if change.tenant not in pasted.choices]
        new = [
            Change(tenant, number, board.standing.version_of(tenant))
            for tenant, number in pasted.choices.items()
            if board.standing.number_of(tenant) != number
        ]
        errors = [(error, line_error_words(error)) for error in pasted.errors]
        return [*kept, *new], {"line_errors": errors, "is_pasting": bool(errors)}

    def undo_round(self, request: HttpRequest, pk: int) -> HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not may_assign(request):
            raise PermissionDenied
        saved = get_object_or_404(AssignmentRound, pk=pk)
        try:
            taken_back = undo(saved, by=request.user.get_username())
        except UndoRefusedError as error:
            words = refusal_words(error, read_board().standing)
            messages.error(request, _("Not undone. %(why)s") % {"why": words})
            return HttpResponseRedirect(board_url())
        self.assignments_changed()
        text = ngettext(
            "Undone: %(count)d bakery has what it had before.",
            "Undone: %(count)d bakeries have what they had before.",
            taken_back.bakeries,
        )
        messages.success(request, text % {"count": taken_back.bakeries})
        return HttpResponseRedirect(f"{board_url()}?saved={taken_back.pk}")


def _wishes(request: HttpRequest) -> Iterator[tuple[UUID, int | None, int | None]]:
    """Read the selects: bakery, number, assignment seen. What is no field of ours is left out."""
    for name, value in request.POST.items():
        found = _FIELD.fullmatch(name)
        if found is None or not isinstance(value, str):
            continue
        if value != NONE and not _PK.fullmatch(value):
            continue
        try:
            tenant = UUID(found[1])
        except ValueError:
            continue
        yield tenant, None if value == NONE else int(value), int(found[2]) or None


def _swapped(changes: Sequence[Change], board: Board, tenant: str) -> list[Change]:
    """Give the bakery that has the wanted number what this one has now."""
    standing = board.standing
    conflict = next(
        (
            row
            for row in find_conflicts(changes, standing)
            if str(row.change.tenant) == tenant and row.kind is ConflictKind.TAKEN
        ),
        None,
    )
    if conflict is None or conflict.other is None:
        return list(changes)
    given = Change(
        conflict.other,
        standing.number_of(conflict.change.tenant),
        standing.version_of(conflict.other),
    )
    return [*(row for row in changes if row.tenant != conflict.other), given]


def _just_saved(request: HttpRequest) -> AssignmentRound | None:
    """Return the round in the address, whose bakeries get a tick."""
    pk = request.GET.get("saved", "")
    return AssignmentRound.objects.filter(pk=int(pk)).first() if _PK.fullmatch(pk) else None


def _undoable() -> QuerySet[AssignmentRound]:
    return AssignmentRound.objects.undoable().newest_first()[:_SHOWN_ROUNDS]
