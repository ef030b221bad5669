"""Callbacks: whom we tell what happens, and whether that works."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from messaging.models import Callback, CallbackDelivery, CallbackEvent, DeliveryStatus
from messaging.services import callbacks
from messaging.services.callback_targets import RefusedAddressError, checked
from tenants.admin.base import Headed, confirmation
from tenants.display import (
    BAD,
    CAUTION,
    GOOD,
    NEUTRAL,
    badge,
    link,
    list_url,
    moment,
    page_url,
)

if TYPE_CHECKING:
    from uuid import UUID

    from django.db.models import QuerySet
    from django.urls import URLPattern
    from django.utils.safestring import SafeString

_SECRET_OF_REQUEST = "_new_callback_secret"  # noqa: S105 (the name of an attribute)


class CallbackForm(forms.ModelForm):  # type: ignore[type-arg]  # generic only in the stubs
    """The address is judged here, so that what is wrong with it stands beside it."""

    events = forms.MultipleChoiceField(
        label=capfirst(gettext_lazy("is told of")),
        choices=CallbackEvent.choices,
        initial=CallbackEvent.values,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
    )

    class Meta:
        model = Callback
        fields = ("url", "tenant", "events")

    def clean_url(self) -> str:
        url: str = self.cleaned_data["url"]
        if url != self.initial.get("url"):
            try:
                checked(url)
            except RefusedAddressError as error:
                raise forms.ValidationError(str(error)) from error
        return url

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if self.instance._state.adding and not self.errors:
            try:
                callbacks.refuse_too_many(cleaned.get("tenant"))
            except callbacks.TooManyCallbacksError as error:
                raise forms.ValidationError(str(error)) from error
        return cleaned


class CallbackStateFilter(admin.SimpleListFilter):
    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        return [
            ("enabled", _("on")),
            ("failing", _("failing")),
            ("disabled", _("switched off")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Callback]) -> QuerySet[Callback]:
        match self.value():
            case "enabled":
                return queryset.filter(disabled_at__isnull=True)
            case "failing":
                return queryset.filter(disabled_at__isnull=True, failing_since__isnull=False)
            case "disabled":
                return queryset.filter(disabled_at__isnull=False)
        return queryset


@admin.register(Callback)
class CallbackAdmin(Headed, ModelAdmin):  # type: ignore[misc]  # unfold ships no types
    """Registered here or by the API; the secret is shown once, as an API key is."""

    form = CallbackForm
    list_display = ("url", "whose", "told_of", "state", "last_success", "waiting")
    list_filter = (CallbackStateFilter,)
    list_select_related = ("tenant",)
    search_fields = ("url", "tenant__name")
    search_help_text = gettext_lazy("Part of the address, or the bakery")
    ordering = ("-id",)
    sortable_by = ()
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    autocomplete_fields = ("tenant",)
    actions = ("switch_on", "switch_off", "send_test")
    change_form_outer_before_template = "admin/messaging/callback/_actions.html"
    readonly_fields = (
        "whose",
        "state",
        "waiting",
        "last_success",
        "last_failure",
        "made",
        "created_by",
        "second_secret",
    )
    add_fieldsets = ((None, {"fields": ("url", "tenant", "events")}),)
    fieldsets = (
        (None, {"fields": ("url", "events", ("whose", "state"))}),
        (
            gettext_lazy("Use"),
            {
                "fields": (
                    ("last_success", "last_failure"),
                    "waiting",
                    ("made", "created_by"),
                    "second_secret",
                )
            },
        ),
    )

    def heading(self, callback: Callback) -> str:
        return str(callback.url)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Callback]:
        waiting = (
            CallbackDelivery.objects.waiting()
            .filter(callback=OuterRef("pk"))
            .order_by()
            .values("callback")
            .annotate(count=Count("pk"))
            .values("count")
        )
        found: QuerySet[Callback] = super().get_queryset(request)
        return found.annotate(waiting_count=Coalesce(Subquery(waiting), 0))

    def get_fieldsets(self, request: HttpRequest, obj: Callback | None = None) -> Any:
        return self.fieldsets if obj else self.add_fieldsets

    def get_readonly_fields(self, request: HttpRequest, obj: Callback | None = None) -> Any:
        return super().get_readonly_fields(request, obj) if obj else ()

    def has_operate_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Whether this person may switch, test and give new secrets: the right to change callbacks."""
        return request.user.has_perm("messaging.change_callback")

    # --- Saving and deleting, by the services --------------------------------------------------

    def save_model(self, request: HttpRequest, obj: Callback, form: Any, change: bool) -> None:
        url, events = form.cleaned_data["url"], form.cleaned_data["events"]
        if change:
            callbacks.change(obj, url=url, events=events)
            return
        fresh = callbacks.register(
            tenant=obj.tenant, url=url, events=events, by=request.user.get_username()
        )
        obj.pk = fresh.callback.pk
        obj._state.adding = False
        setattr(request, _SECRET_OF_REQUEST, fresh.secret)

    def response_add(
        self, request: HttpRequest, obj: Callback, post_url_continue: str | None = None
    ) -> HttpResponse:
        return self._with_secret(request, obj, getattr(request, _SECRET_OF_REQUEST))

    def _with_secret(self, request: HttpRequest, callback: Callback, secret: str) -> HttpResponse:
        """Show the secret in this very answer: a message or a redirect would have to store it."""
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Secret of the callback"),
            "callback": callback,
            "secret": secret,
            "page_url": page_url("messaging_callback", callback.pk),
        }
        answer = TemplateResponse(request, "admin/messaging/callback/secret.html", context)
        answer["Cache-Control"] = "no-store"
        return answer

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Name the callbacks only: the log, which goes with them, may have a million rows."""
        count = {str(self.opts.verbose_name_plural): len(objs)}
        return [str(callback.url) for callback in objs], count, set(), []

    def delete_model(self, request: HttpRequest, obj: Callback) -> None:
        callbacks.remove(obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Callback]) -> None:
        for callback in queryset:
            callbacks.remove(callback)

    # --- Actions -------------------------------------------------------------------------------

    @admin.action(description=gettext_lazy("Switch on"), permissions=["operate"])
    def switch_on(self, request: HttpRequest, queryset: QuerySet[Callback]) -> None:
        """Closes its alert; what still waits for it goes out."""
        for callback in queryset:
            callbacks.enable(callback)
        count = len(queryset)
        text = ngettext("%(count)d callback is on.", "%(count)d callbacks are on.", count)
        messages.success(request, text % {"count": count})

    @admin.action(description=gettext_lazy("Switch off"), permissions=["operate"])
    def switch_off(self, request: HttpRequest, queryset: QuerySet[Callback]) -> None:
        for callback in queryset:
            callbacks.disable(callback)
        count = len(queryset)
        text = ngettext(
            "%(count)d callback is off: it is told nothing more.",
            "%(count)d callbacks are off: they are told nothing more.",
            count,
        )
        messages.success(request, text % {"count": count})

    @admin.action(description=gettext_lazy("Send a test"), permissions=["operate"])
    def send_test(self, request: HttpRequest, queryset: QuerySet[Callback]) -> None:
        for callback in queryset:
            try:
                callbacks.send_ping(callback)
            except callbacks.CallbackDisabledError as error:
                messages.error(request, f"{callback.url}: {error}")
            else:
                text = _("A test is on its way to %(url)s. The log says how it ended.")
                messages.success(request, text % {"url": callback.url})

    def get_urls(self) -> list[URLPattern]:
        ours = path(
            "<uuid:pk>/new-secret/",
            self.admin_site.admin_view(self.new_secret),
            name="messaging_callback_new_secret",
        )
        return [ours, *super().get_urls()]

    def new_secret(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        if not self.has_operate_permission(request):
            raise PermissionDenied
        callback = get_object_or_404(Callback, pk=pk)
        if request.method == "POST":
            return self._with_secret(request, callback, callbacks.rotate_secret(callback).secret)
        return confirmation(
            request,
            self,
            title=_("Give it a new secret?"),
            lines=[
                _("It is shown once; whoever runs the address must enter it there."),
                _("For 24 hours posts are signed with the old one too, so nothing is missed."),
            ],
            button=_("Give it a new secret"),
            back_url=page_url("messaging_callback", pk),
        )

    def page_context(self, request: HttpRequest, obj: Callback) -> dict[str, Any]:
        return {
            "may_operate": self.has_operate_permission(request),
            "log_url": list_url("messaging_callbackdelivery", callback__id__exact=obj.pk),
        }

    # --- Columns -------------------------------------------------------------------------------

    @admin.display(description=gettext_lazy("of"))
    def whose(self, callback: Callback) -> SafeString | str:
        if callback.tenant is None:
            return _("the whole platform")
        return link(page_url("tenants_tenant", callback.tenant_id), callback.tenant.name)

    @admin.display(description=gettext_lazy("is told of"))
    def told_of(self, callback: Callback) -> str:
        return ", ".join(str(CallbackEvent(event).label) for event in callback.events)

    @admin.display(description=gettext_lazy("state"))
    def state(self, callback: Callback) -> SafeString:
        if callback.disabled_at:
            why = callback.get_disabled_reason_display()
            return badge(_("switched off"), icon="block", tone=BAD, title=why)
        if callback.failing_since:
            return badge(_("failing"), icon="warning", tone=CAUTION)
        if callback.last_success_at:
            return badge(_("works"), icon="check_circle", tone=GOOD)
        return badge(_("not used yet"), icon="schedule", tone=NEUTRAL)

    @admin.display(description=gettext_lazy("last success"))
    def last_success(self, callback: Callback) -> SafeString | str:
        return moment(callback.last_success_at)

    @admin.display(description=gettext_lazy("last failure"))
    def last_failure(self, callback: Callback) -> SafeString | str:
        return moment(callback.last_failure_at)

    @admin.display(description=gettext_lazy("waiting"))
    def waiting(self, callback: Callback) -> SafeString:
        filters = {"callback__id__exact": callback.pk, "status__exact": DeliveryStatus.WAITING}
        url = list_url("messaging_callbackdelivery", **filters)
        return link(url, str(callback.waiting_count))  # type: ignore[attr-defined]  # annotated

    @admin.display(description=gettext_lazy("created"))
    def made(self, callback: Callback) -> SafeString | str:
        return moment(callback.created_at)

    @admin.display(description=gettext_lazy("previous secret until"))
    def second_secret(self, callback: Callback) -> SafeString | str:
        return moment(callback.previous_secret_until)
