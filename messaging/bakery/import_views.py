"""Suppliers from a spreadsheet: the file is shown row by row first, and taken whole or not at all."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from messaging.bakery import supplier_words
from messaging.bakery.pages import Visit, render_page, visit_of
from messaging.bakery.permissions import require_owner
from messaging.bakery.record_forms import ImportForm
from messaging.csv_files import csv_answer
from messaging.services import recipient_import
from messaging.services.recipient_import import Plan, RowsToMendError, UnreadableFileError

# Of each kind: a page with thousands of rows helps nobody, and weighs half a megabyte.
_SHOWN = 50


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def import_suppliers(request: HttpRequest, slug: str) -> HttpResponse:
    """A file is shown; the text that was shown, sent back, is taken. Both are judged anew."""
    visit = visit_of(request, slug)
    require_owner(visit)
    is_post = request.method == "POST"
    form = ImportForm(request.POST if is_post else None, request.FILES if is_post else None)
    try:
        if "text" in request.POST:
            plan = recipient_import.take(visit.tenant, request.POST["text"].encode(), by=visit.user)
            messages.success(request, _taken(plan))
            return redirect("bakery_suppliers", slug=slug)
        if form.is_valid():
            plan = recipient_import.plan_for(visit.tenant, form.cleaned_data["file"].read())
            return _shown(request, visit, plan)
    except UnreadableFileError as error:
        form.add_error("file", supplier_words.problem_of(error.problem))
    except RowsToMendError as error:
        return _shown(request, visit, error.plan)
    return render_page(request, visit, "messaging/bakery/import.html", {"form": form})


@require_safe
def example_file(request: HttpRequest, slug: str) -> HttpResponseBase:
    """A file to fill in, in the reader's language."""
    require_owner(visit_of(request, slug))
    rows = [
        [_("Phone"), _("Supplier"), _("Consent"), _("Date"), _("Note")],
        ["+34 600 000 101", _("Flour of the South"), _("in writing"), "2026-11-20", ""],
        ["+34 600 000 102", _("Yeast and Co."), "", "", _("Only mornings")],
    ]
    name = _("suppliers")
    return csv_answer(rows, name=f"{name}.csv")


def _shown(request: HttpRequest, visit: Visit, plan: Plan) -> HttpResponse:
    context: dict[str, Any] = {
        "plan": plan,
        "faulty": [(row, supplier_words.problems_of(row)) for row in plan.faulty[:_SHOWN]],
        "new": [supplier_words.row_line(row) for row in plan.new[:_SHOWN]],
        "changed": [supplier_words.row_line(row) for row in plan.changed[:_SHOWN]],
        "more_faulty": max(0, len(plan.faulty) - _SHOWN),
        "more_new": max(0, len(plan.new) - _SHOWN),
        "more_changed": max(0, len(plan.changed) - _SHOWN),
    }
    return render_page(request, visit, "messaging/bakery/import_preview.html", context)


def _taken(plan: Plan) -> str:
    new = ngettext("%(count)d new supplier.", "%(count)d new suppliers.", len(plan.new))
    changed = ngettext(
        "%(count)d supplier was changed.", "%(count)d suppliers were changed.", len(plan.changed)
    )
    parts = [new % {"count": len(plan.new)}]
    if plan.changed:
        parts.append(changed % {"count": len(plan.changed)})
    return " ".join(parts)
