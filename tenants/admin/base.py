"""What our admin pages share: read-only history and pages that ask before something is done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.admin import ShowFacets
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import ValidationError
from django.template.response import TemplateResponse
from unfold.admin import ModelAdmin, TabularInline

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from django.db.models import Field, Model, QuerySet
    from django.http import HttpRequest, HttpResponse
    from django_stubs_ext import StrOrPromise


class ReadOnly:
    """History and what Meta tells us: seen by whoever may view it, changed by nobody."""

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class KnownKeys:
    """Actions on rows that were ticked; a key that is none, as only a forged form has it, ticks nothing."""

    def response_action(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        key = queryset.model._meta.pk
        posted = request.POST.copy()
        ticked = posted.getlist(ACTION_CHECKBOX_NAME)
        posted.setlist(ACTION_CHECKBOX_NAME, [one for one in ticked if _can_be(key, one)])
        request.POST = posted  # type: ignore[assignment]  # as Django's own response_action reads it
        answer: HttpResponse | None = super().response_action(request, queryset)  # type: ignore[misc]  # mixin
        return answer


def _can_be(key: Field[Any, Any], value: str) -> bool:
    try:
        key.to_python(value)
    except ValidationError:
        return False
    return True


class Headed(KnownKeys):
    """Names a row for people in the header and in the browser's tab; `str()` names it for developers."""

    def heading(self, obj: Any) -> StrOrPromise:
        return str(obj)

    def page_context(self, request: HttpRequest, obj: Any) -> dict[str, Any]:
        """Return what the templates around the form of this row need beyond Django's own context."""
        return {}

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        if original := context.get("original"):
            context["subtitle"] = self.heading(original)
            context.update(self.page_context(request, original))
        answer: HttpResponse = super().render_change_form(request, context, *args, **kwargs)  # type: ignore[misc]  # mixin
        return answer


class ReadOnlyAdmin(Headed, ReadOnly, ModelAdmin):  # type: ignore[misc]  # unfold ships no types
    show_full_result_count = False
    show_facets = ShowFacets.NEVER  # each would count the whole table
    actions: Sequence[str] | None = None


class ReadOnlyInline(ReadOnly, TabularInline):  # type: ignore[misc]  # unfold ships no types
    extra = 0
    can_delete = False
    # Rows need no heading of their own; their columns say it all.
    hide_title = True


def confirmation(
    request: HttpRequest,
    model_admin: Any,
    *,
    title: StrOrPromise,
    lines: Iterable[StrOrPromise],
    button: StrOrPromise,
    back_url: str,
    is_dangerous: bool = False,
    asks_reason: bool = False,
    needs_reason: bool = False,
    hidden: Iterable[tuple[str, str]] = (),
) -> TemplateResponse:
    """Ask once. The page posts back to its own address, `hidden` fields and all."""
    context = {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.opts,
        "title": title,
        "lines": list(lines),
        "button": button,
        "back_url": back_url,
        "is_dangerous": is_dangerous,
        "asks_reason": asks_reason,
        "needs_reason": needs_reason,
        "hidden_fields": list(hidden),
    }
    request.current_app = model_admin.admin_site.name
    return TemplateResponse(request, "admin/confirm.html", context)
