from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from tenants.admin.base import Headed, confirmation
from tenants.display import (
    BAD,
    CAUTION,
    GOOD,
    badge,
    link,
    list_url,
    moment,
    page_url,
)
from tenants.models import ApiKey, Scope
from tenants.models.api_key import DEFAULT_SCOPES
from tenants.services.api_keys import PLATFORM_SCOPES, create_api_key, revoke_api_key

if TYPE_CHECKING:
    from uuid import UUID

    from django.db.models import QuerySet
    from django.urls import URLPattern
    from django.utils.safestring import SafeString

_SECRET_OF_REQUEST = "_new_api_key"  # noqa: S105 (the name of an attribute)


class NewApiKeyForm(forms.ModelForm):  # type: ignore[type-arg]  # generic only in the stubs
    """What a new key may do. The key itself is made by the service and shown once."""

    scopes = forms.MultipleChoiceField(
        label=capfirst(gettext_lazy("may")),
        choices=[(scope.value, scope.label) for scope in Scope],
        initial=[scope.value for scope in DEFAULT_SCOPES],
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
    )

    class Meta:
        model = ApiKey
        fields = ("label", "tenant", "scopes", "expires_at")

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("tenant") and PLATFORM_SCOPES.intersection(cleaned.get("scopes", [])):
            self.add_error(
                "scopes",
                _("Only a key of the whole platform may read or change bakeries and numbers."),
            )
        expires_at = cleaned.get("expires_at")
        if expires_at and expires_at <= timezone.now():
            self.add_error("expires_at", _("The key must expire in the future."))
        return cleaned


class UsableFilter(admin.SimpleListFilter):
    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        return [("usable", _("usable")), ("ended", _("revoked or expired"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> QuerySet[ApiKey]:
        usable = ApiKey.objects.usable(now=timezone.now())
        match self.value():
            case "usable":
                return queryset.filter(pk__in=usable.values("pk"))
            case "ended":
                return queryset.exclude(pk__in=usable.values("pk"))
        return queryset


@admin.register(ApiKey)
class ApiKeyAdmin(Headed, ModelAdmin):  # type: ignore[misc]  # unfold ships no types
    """Keys are made here and shown once, limited and revoked, never deleted: their history explains who sent."""

    actions = None
    list_display = ("label", "begins", "whose", "may", "state", "used", "expires")
    list_filter = (UsableFilter,)
    list_select_related = ("tenant",)
    search_fields = ("label", "prefix", "tenant__name")
    search_help_text = gettext_lazy("Label, beginning of the key or bakery")
    ordering = ("-created_at", "id")
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    autocomplete_fields = ("tenant",)
    readonly_fields = ("begins", "whose", "may", "state", "used", "made")
    change_form_outer_before_template = "admin/tenants/apikey/_revoke.html"
    add_fieldsets = ((None, {"fields": ("label", "tenant", "scopes", "expires_at")}),)
    fieldsets = (
        (None, {"fields": ("label", ("begins", "state"), ("whose", "may"))}),
        (gettext_lazy("Limits"), {"fields": (("expires_at", "requests_per_minute"),)}),
        (gettext_lazy("Use"), {"fields": (("made", "used"),)}),
    )

    def heading(self, key: ApiKey) -> str:
        return str(key.label)

    def get_readonly_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> Any:
        return super().get_readonly_fields(request, obj) if obj else ()

    def get_form(
        self, request: HttpRequest, obj: ApiKey | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        if obj is None:
            kwargs["form"] = NewApiKeyForm
        return super().get_form(request, obj, change=change, **kwargs)

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_revoke_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return request.user.has_perm("tenants.change_apikey")

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:
        if change:
            super().save_model(request, obj, form, change)
            return
        fresh = create_api_key(
            label=obj.label, tenant=obj.tenant, scopes=obj.scopes, expires_at=obj.expires_at
        )
        obj.pk, obj.prefix = fresh.api_key.pk, fresh.api_key.prefix
        setattr(request, _SECRET_OF_REQUEST, fresh.secret)

    def response_add(
        self, request: HttpRequest, obj: ApiKey, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Show the key in this very answer: a message or a redirect would have to store it."""
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("New API key"),
            "api_key": obj,
            "secret": getattr(request, _SECRET_OF_REQUEST),
            "list_url": list_url("tenants_apikey"),
        }
        answer = TemplateResponse(request, "admin/tenants/apikey/created.html", context)
        answer["Cache-Control"] = "no-store"
        return answer

    def page_context(self, request: HttpRequest, obj: ApiKey) -> dict[str, Any]:
        return {"may_revoke": self.has_revoke_permission(request)}

    def get_urls(self) -> list[URLPattern]:
        ours = path(
            "<uuid:pk>/revoke/",
            self.admin_site.admin_view(self.revoke),
            name="tenants_apikey_revoke",
        )
        return [ours, *super().get_urls()]

    def revoke(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        if not self.has_revoke_permission(request):
            raise PermissionDenied
        api_key = get_object_or_404(ApiKey, pk=pk)
        names = {"label": api_key.label}
        if request.method == "POST":
            if revoke_api_key(api_key):
                messages.success(request, _("The key “%(label)s” is refused from now on.") % names)
            else:
                messages.info(request, _("The key “%(label)s” was revoked before.") % names)
            return HttpResponseRedirect(page_url("tenants_apikey", pk))
        return confirmation(
            request,
            self,
            title=_("Revoke the key “%(label)s”?") % names,
            lines=[
                _("Whoever uses it is refused at once."),
                _("This cannot be undone; make a new key to let them in again."),
            ],
            button=_("Revoke the key"),
            back_url=page_url("tenants_apikey", pk),
            is_dangerous=True,
        )

    # --- Columns -------------------------------------------------------------------------------

    @admin.display(description=gettext_lazy("begins with"))
    def begins(self, api_key: ApiKey) -> str:
        return f"{api_key.prefix}…"

    @admin.display(description=gettext_lazy("of"))
    def whose(self, api_key: ApiKey) -> SafeString | str:
        if api_key.tenant is None:
            return _("the whole platform")
        return link(page_url("tenants_tenant", api_key.tenant_id), api_key.tenant.name)

    @admin.display(description=gettext_lazy("may"))
    def may(self, api_key: ApiKey) -> str:
        return ", ".join(str(Scope(scope).label) for scope in api_key.scopes)

    @admin.display(description=gettext_lazy("state"))
    def state(self, api_key: ApiKey) -> SafeString:
        if api_key.revoked_at:
            return badge(_("revoked"), icon="block", tone=BAD)
        if api_key.expires_at and api_key.expires_at <= timezone.now():
            return badge(_("expired"), icon="event_busy", tone=CAUTION)
        return badge(_("usable"), icon="check_circle", tone=GOOD)

    @admin.display(description=gettext_lazy("last used"), ordering="last_used_at")
    def used(self, api_key: ApiKey) -> SafeString | str:
        return moment(api_key.last_used_at)

    @admin.display(description=gettext_lazy("expires"), ordering="expires_at")
    def expires(self, api_key: ApiKey) -> SafeString | str:
        return moment(api_key.expires_at) if api_key.expires_at else _("never")

    @admin.display(description=gettext_lazy("created"))
    def made(self, api_key: ApiKey) -> SafeString | str:
        return moment(api_key.created_at)
