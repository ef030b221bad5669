"""The menu of a bakery's pages: a few plain words, the same on every page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django_stubs_ext import StrPromise

    from tenants.models import Tenant


@dataclass(frozen=True, slots=True)
class Entry:
    """`page` names the URL it leads to, `within` those of the pages below it, also where a form comes back; `icon` is a symbol of icons.svg."""

    page: str
    label: StrPromise
    icon: str
    within: tuple[str, ...] = ()


# One line for each page that a bakery comes to every day. Five words are all that a phone has room for.
ENTRIES = (
    Entry(
        "bakery_settings",
        _("Settings"),
        "settings",
        within=(
            "bakery_switch",
            "bakery_history",
            "bakery_quiet_hours",
            "bakery_limit",
            "bakery_own_phone",
            "bakery_confirm_phone",
        ),
    ),
    Entry(
        "bakery_messages",
        _("Notices"),
        "messages",
        within=("bakery_message", "bakery_resend", "bakery_message_mail", "bakery_proof"),
    ),
    Entry(
        "bakery_suppliers",
        _("Suppliers"),
        "suppliers",
        within=(
            "bakery_supplier",
            "bakery_supplier_add",
            "bakery_supplier_correct",
            "bakery_supplier_erase",
            "bakery_supplier_import",
        ),
    ),
    Entry("bakery_month", _("This month"), "month"),
    Entry(
        "bakery_people",
        _("People"),
        "people",
        within=("bakery_invite", "bakery_role", "bakery_remove", "bakery_leave"),
    ),
)


@dataclass(frozen=True, slots=True)
class MenuLink:
    """`current` is what aria-current says: "page" on the page itself, "true" on one below it, else empty."""

    url: str
    label: StrPromise
    icon: str
    current: str


def menu_of(tenant: Tenant, request: HttpRequest) -> list[MenuLink]:
    here = request.resolver_match.url_name if request.resolver_match else None
    return [
        MenuLink(
            reverse(entry.page, args=[tenant.slug]), entry.label, entry.icon, _current(entry, here)
        )
        for entry in ENTRIES
    ]


def _current(entry: Entry, here: str | None) -> str:
    if here == entry.page:
        return "page"
    return "true" if here in entry.within else ""
