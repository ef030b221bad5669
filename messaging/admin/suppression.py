"""Opt-outs: who is not to be written to. Staff may add and lift; nothing is edited or deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminTextInputWidget

from messaging.admin.filters import BakeryFilter
from messaging.admin.paginator import NewestOnly
from messaging.models import InboundMessage, Suppression
from messaging.services import suppressions
from messaging.services.people import Person
from tenants import phone_numbers
from tenants.admin.base import Headed, confirmation
from tenants.display import BAD, CAUTION, GOOD, NEUTRAL, badge, link, moment, page_url, phone
from tenants.phone_field import PhoneField

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.urls import URLPattern
    from django.utils.safestring import SafeString

_Staff = Suppression.Source.STAFF


class NewSuppressionForm(forms.ModelForm):  # type: ignore[type-arg]  # generic only in the stubs
    phone = PhoneField(
        label=capfirst(gettext_lazy("person's number")),
        help_text=gettext_lazy("Such as +34 600 000 101; of Spain nine digits do."),
        widget=UnfoldAdminTextInputWidget,
    )
    reason = forms.CharField(
        label=capfirst(gettext_lazy("reason")),
        max_length=300,
        help_text=gettext_lazy("How the person asked for it, for whoever reads this later."),
        widget=UnfoldAdminTextInputWidget,
    )

    class Meta:
        model = Suppression
        fields = ("phone", "tenant", "what", "reason")

    def clean_phone(self) -> str:
        return phone_numbers.comparable(self.cleaned_data["phone"])

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if "phone" in cleaned and _standing(cleaned).exists():
            self.add_error("phone", _("This person is opted out already."))
        return cleaned


def _standing(row: dict[str, Any]) -> QuerySet[Suppression]:
    return Suppression.objects.open().filter(
        phone=row["phone"], tenant=row.get("tenant"), what=row.get("what"), source=_Staff
    )


class StateFilter(admin.SimpleListFilter):
    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        return [("open", _("not to be written to")), ("lifted", _("lifted"))]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Suppression]
    ) -> QuerySet[Suppression]:
        if self.value() in {"open", "lifted"}:
            return queryset.filter(lifted_at__isnull=self.value() == "open")
        return queryset


@admin.register(Suppression)
class SuppressionAdmin(NewestOnly, Headed, ModelAdmin):  # type: ignore[misc]  # unfold ships no types
    actions = None
    list_display = ("who", "state", "bakery", "what", "source", "since")
    list_filter = (StateFilter, BakeryFilter, "what", "source")
    list_filter_submit = True
    list_select_related = ("tenant",)
    search_fields = ("user_id__exact", "tenant__name__icontains")
    search_help_text = gettext_lazy("Person's number, user id or bakery")
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    autocomplete_fields = ("tenant",)
    change_form_outer_before_template = "admin/messaging/suppression/_lift.html"
    readonly_fields = (
        "who",
        "state",
        "bakery",
        "since",
        "asked_last",
        "asked_with",
        "told_to",
        "lifted",
        "lifted_with",
    )
    add_fieldsets = ((None, {"fields": ("phone", "tenant", "what", "reason")}),)
    fieldsets = (
        (None, {"fields": (("who", "state"), ("bakery", "what"))}),
        (
            gettext_lazy("Asked"),
            {
                "fields": (
                    ("source", "asked_by"),
                    ("since", "asked_last"),
                    ("asked_with", "told_to"),
                    "reason",
                )
            },
        ),
        (
            gettext_lazy("Lifted"),
            {"fields": (("lifted", "lifted_by"), "lifted_with", "lift_reason")},
        ),
    )

    def heading(self, suppression: Suppression) -> str:
        return self.who(suppression)

    def get_fieldsets(self, request: HttpRequest, obj: Suppression | None = None) -> Any:
        return self.fieldsets if obj else self.add_fieldsets

    def get_readonly_fields(self, request: HttpRequest, obj: Suppression | None = None) -> Any:
        return super().get_readonly_fields(request, obj) if obj else ()

    def get_form(
        self,
        request: HttpRequest,
        obj: Suppression | None = None,
        change: bool = False,
        **kwargs: Any,
    ) -> Any:
        if obj is None:
            kwargs["form"] = NewSuppressionForm
        return super().get_form(request, obj, change=change, **kwargs)

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_lift_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return request.user.has_perm("messaging.change_suppression")

    def save_model(self, request: HttpRequest, obj: Suppression, form: Any, change: bool) -> None:
        suppressions.stop(
            suppressions.Request(
                Person(obj.phone),
                obj.tenant_id,
                obj.what,
                _Staff,
                timezone.now(),
                by=request.user.get_username(),
                reason=obj.reason,
            )
        )
        obj.pk = _standing(form.cleaned_data).values_list("pk", flat=True).get()

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Suppression], search_term: str
    ) -> tuple[QuerySet[Suppression], bool]:
        number = phone_numbers.as_typed(search_term)
        if not number:
            found: tuple[QuerySet[Suppression], bool] = super().get_search_results(
                request, queryset, search_term
            )
            return found
        return queryset.filter(phone=phone_numbers.comparable(number)), False

    # --- Lifting -------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        ours = path(
            "<int:pk>/lift/",
            self.admin_site.admin_view(self.lift),
            name="messaging_suppression_lift",
        )
        return [ours, *super().get_urls()]

    def page_context(self, request: HttpRequest, obj: Suppression) -> dict[str, Any]:
        return {"may_lift": self.has_lift_permission(request)}

    def lift(self, request: HttpRequest, pk: int) -> HttpResponse:
        if not self.has_lift_permission(request):
            raise PermissionDenied
        suppression = get_object_or_404(Suppression, pk=pk)
        reason = request.POST.get("reason", "").strip()[:300]
        if request.method == "POST" and reason:
            by = request.user.get_username()
            if suppressions.lift([suppression], by=by, reason=reason):
                self.log_change(request, suppression, f"Lifted: {reason}")
                messages.success(request, _("This person is written to again."))
            else:
                messages.info(request, _("This opt-out was lifted before."))
            return HttpResponseRedirect(page_url("messaging_suppression", pk))
        if request.method == "POST":
            messages.error(request, _("Give the reason: the history has to say why."))
        return confirmation(
            request,
            self,
            title=_("Write to %(person)s again?") % {"person": self.who(suppression)},
            lines=[
                _(
                    "Only when the person has said so: whoever asked for silence may complain to Meta."
                ),
                _("A stop in WhatsApp itself is Meta's to lift; it goes on refusing marketing."),
            ],
            button=_("Write again"),
            back_url=page_url("messaging_suppression", pk),
            is_dangerous=True,
            asks_reason=True,
            needs_reason=True,
        )

    # --- Columns -------------------------------------------------------------------------------

    @admin.display(description=gettext_lazy("person"))
    def who(self, suppression: Suppression) -> str:
        return phone(suppression.phone) if suppression.phone else suppression.user_id

    @admin.display(description=gettext_lazy("state"))
    def state(self, suppression: Suppression) -> SafeString:
        if suppression.is_only_a_resume:
            return badge(_("wanted messages again"), icon="notifications", tone=NEUTRAL)
        if suppression.lifted_at is not None:
            return badge(_("lifted"), icon="notifications_active", tone=GOOD)
        if suppression.what == Suppression.What.MARKETING:
            return badge(_("no marketing"), icon="campaign", tone=CAUTION)
        return badge(_("not to be written to"), icon="notifications_off", tone=BAD)

    @admin.display(description=gettext_lazy("bakery"))
    def bakery(self, suppression: Suppression) -> SafeString | str:
        if suppression.tenant is None:
            return badge(_("the whole account"), icon="public", tone=CAUTION)
        return link(page_url("tenants_tenant", suppression.tenant_id), suppression.tenant.name)

    @admin.display(description=gettext_lazy("since"))
    def since(self, suppression: Suppression) -> SafeString | str:
        return moment(suppression.asked_at)

    @admin.display(description=gettext_lazy("asked last"))
    def asked_last(self, suppression: Suppression) -> SafeString | str:
        return moment(suppression.last_asked_at)

    @admin.display(description=gettext_lazy("asked in"))
    def asked_with(self, suppression: Suppression) -> SafeString | str:
        return _message(suppression.asked_in)

    @admin.display(description=gettext_lazy("told to"))
    def told_to(self, suppression: Suppression) -> SafeString | str:
        number = suppression.phone_number
        if number is None:
            return "–"
        return link(page_url("tenants_phonenumber", number.pk), phone(number.display_phone_number))

    @admin.display(description=gettext_lazy("lifted"))
    def lifted(self, suppression: Suppression) -> SafeString | str:
        return moment(suppression.lifted_at)

    @admin.display(description=gettext_lazy("lifted in"))
    def lifted_with(self, suppression: Suppression) -> SafeString | str:
        return _message(suppression.lifted_in)


def _message(inbound: InboundMessage | None) -> SafeString | str:
    if inbound is None:
        return "–"
    return link(page_url("messaging_inboundmessage", inbound.pk), _("the received message"))
