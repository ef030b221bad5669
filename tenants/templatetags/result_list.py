"""The rows of the admin's lists, looking as unfold's do, in a fraction of its time.

unfold makes the headers of all columns anew for each row and asks a template for each checkbox. What none of our lists
has is left out: rows that are edited, dragged or unfolded in place, and buttons on a row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django import template
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.templatetags.admin_urls import add_preserved_filters
from django.contrib.admin.utils import lookup_field
from django.core.exceptions import FieldDoesNotExist, ObjectDoesNotExist
from django.db.models import DateField, ForeignKey, TimeField
from django.utils.html import format_html, format_html_join
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from unfold.admin import checkbox
from unfold.templatetags.unfold_list import (
    CHECKBOX_CLASSES,
    LINK_CLASSES,
    ROW_CLASSES,
    result_headers,
)
from unfold.utils import display_for_field, display_for_value

if TYPE_CHECKING:
    from django.db.models import Model
    from django.utils.safestring import SafeString
    from unfold.views import ChangeList

register = template.Library()

_CHECKBOX = "action_checkbox"


@dataclass(frozen=True, slots=True)
class Column:
    """One column with all of its cells' markup that no row changes."""

    name: Any
    opening: SafeString
    closing: SafeString
    is_link: bool = False


@register.inclusion_tag("admin/_result_list.html")
def result_list(cl: ChangeList) -> dict[str, Any]:
    headers = list(result_headers(cl))
    columns = _columns(cl, [header["text"] for header in headers])
    query = _kept_query(cl)
    return {
        "cl": cl,
        "result_headers": headers,
        "num_sorted_fields": sum(bool(header.get("sorted")) for header in headers),
        "results": [_cells(cl, row, columns, query) for row in cl.result_list],
    }


def _columns(cl: ChangeList, headers: list[str]) -> list[Column]:
    linked = cl.list_display_links
    if linked is not None and not linked:
        linked = [name for name in cl.list_display if name != _CHECKBOX][:1]
    columns: list[Column] = []
    for place, name in enumerate(cl.list_display):
        if name == _CHECKBOX:
            columns.append(_checkbox_column())
            continue
        is_link = name in (linked or ())
        # The first that leads to the row heads it.
        tag = "th" if is_link and not any(column.is_link for column in columns) else "td"
        opening = format_html(
            '<{} class="field-{} {}{}" data-label="{}">',
            *(tag, getattr(name, "__name__", name), " ".join(ROW_CLASSES)),
            *(" nowrap" if _is_in_one_line(cl, name) else "", headers[place]),
        )
        columns.append(Column(name, opening, format_html("</{}>", tag), is_link))
    return columns


def _checkbox_column() -> Column:
    opening = format_html(
        '<td class="{}" data-label="{}"><input type="checkbox" name="{}" class="{}" aria-label="{}" value="',
        *(" ".join(CHECKBOX_CLASSES), _("Select record"), ACTION_CHECKBOX_NAME),
        *(checkbox.attrs["class"], checkbox.attrs["aria-label"]),
    )
    return Column(_CHECKBOX, opening, mark_safe('"></td>'))


def _is_in_one_line(cl: ChangeList, name: Any) -> bool:
    try:
        field = cl.lookup_opts.get_field(name)
    except FieldDoesNotExist:
        return False
    return isinstance(field, DateField | TimeField | ForeignKey)


def _kept_query(cl: ChangeList) -> str:
    """Return what the rows' addresses end in, so that their pages know the way back to this list."""
    if not cl.result_list or not cl.preserved_filters:
        return ""
    whole = add_preserved_filters(
        {"preserved_filters": cl.preserved_filters, "opts": cl.opts},
        cl.url_for_result(cl.result_list[0]),
    )
    return f"?{urlsplit(whole).query}"


def _cells(cl: ChangeList, row: Model, columns: list[Column], query: str) -> SafeString:
    return format_html_join(
        "\n",
        "{}{}{}",
        ((column.opening, _inside(cl, row, column, query), column.closing) for column in columns),
    )


def _inside(cl: ChangeList, row: Model, column: Column, query: str) -> Any:
    if column.name == _CHECKBOX:
        return row.pk
    shown = _shown(cl, row, column.name)
    if not column.is_link:
        return shown
    return format_html(
        '<a href="{}{}" class="{}">{}</a>',
        *(cl.url_for_result(row), query, " ".join(LINK_CLASSES), shown),
    )


def _shown(cl: ChangeList, row: Model, name: Any) -> Any:
    empty = cl.model_admin.get_empty_value_display()
    try:
        field, shown_by, value = lookup_field(name, row, cl.model_admin)
    except ObjectDoesNotExist:
        return empty
    if field is None or field.auto_created:
        empty = getattr(shown_by, "empty_value_display", empty)
        return display_for_value(value, empty, getattr(shown_by, "boolean", False))
    if isinstance(field, ForeignKey):
        return empty if value is None else value
    return display_for_field(value, field, empty)
