"""What bakeries keep of the people they write to. Staff may look; entering, erasing and sharing is the bakeries' own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin
from django.utils.translation import gettext_lazy

from messaging.admin.filters import BakeryFilter
from messaging.admin.paginator import NewestOnly
from messaging.models import Erasure, ProofLink, Recipient
from tenants.admin.base import ReadOnlyAdmin
from tenants.display import moment, phone

if TYPE_CHECKING:
    from django.utils.safestring import SafeString


@admin.register(Recipient)
class RecipientAdmin(NewestOnly, ReadOnlyAdmin):
    list_display = ("name", "number", "tenant", "consent_how", "since")
    list_filter = (BakeryFilter, "consent_how")
    list_select_related = ("tenant",)
    search_fields = ("phone__exact", "name__istartswith")
    search_help_text = gettext_lazy("Number with its +, or the beginning of the name")
    fields = readonly_fields = (
        "name", "number", "email", "tenant", "consent_how", "consent_date", "consent_by", "former_phones", "last_message", "since",
    )  # fmt: skip

    def heading(self, recipient: Recipient) -> str:
        return recipient.name or phone(recipient.phone)

    @admin.display(description=gettext_lazy("number"))
    def number(self, recipient: Recipient) -> str:
        return phone(recipient.phone)

    @admin.display(description=gettext_lazy("since"))
    def since(self, recipient: Recipient) -> SafeString | str:
        return moment(recipient.created_at)


@admin.register(Erasure)
class ErasureAdmin(NewestOnly, ReadOnlyAdmin):
    list_display = ("when", "tenant", "erased_by", "messages", "replies", "copies")
    list_filter = (BakeryFilter,)
    list_select_related = ("tenant",)
    fields = readonly_fields = ("when", "tenant", "erased_by", "messages", "replies", "copies")

    @admin.display(description=gettext_lazy("when"))
    def when(self, erasure: Erasure) -> SafeString | str:
        return moment(erasure.erased_at)

    @admin.display(description=gettext_lazy("copies erased"))
    def copies(self, erasure: Erasure) -> SafeString | str:
        return moment(erasure.copies_erased_at)


@admin.register(ProofLink)
class ProofLinkAdmin(ReadOnlyAdmin):
    """Without the address itself, which opens it."""

    list_display = ("reference", "tenant", "created_by", "created", "until", "revoked")
    list_filter = (BakeryFilter,)
    list_select_related = ("tenant",)
    search_fields = ("reference__exact",)
    search_help_text = gettext_lazy("Order number")
    ordering = ("-created_at", "-id")
    fields = readonly_fields = (
        "reference", "tenant", "created_by", "created", "until", "revoked", "revoked_by",
    )  # fmt: skip

    def heading(self, link: ProofLink) -> str:
        return link.reference

    @admin.display(description=gettext_lazy("created"))
    def created(self, link: ProofLink) -> SafeString | str:
        return moment(link.created_at)

    @admin.display(description=gettext_lazy("until"))
    def until(self, link: ProofLink) -> SafeString | str:
        return moment(link.expires_at)

    @admin.display(description=gettext_lazy("taken back"))
    def revoked(self, link: ProofLink) -> SafeString | str:
        return moment(link.revoked_at)
