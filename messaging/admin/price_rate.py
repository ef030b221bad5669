"""The price book: what Meta charges, since when, and whether it is Meta's own word; importing a card; an estimate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import DropdownFilter

from messaging import money
from messaging.admin.cost_forms import CardForm, EstimateForm
from messaging.admin.cost_page import unconfirmed_since
from messaging.admin.cost_words import state_badge, tier_words, trust_badge, validity_words
from messaging.admin.estimate import estimate
from messaging.admin.price_plan import PlanPage, pack, plan_page, unpack
from messaging.models import PriceCategory, PriceRate
from messaging.months import billing_today
from messaging.services import price_import
from messaging.services.market_words import market_name
from messaging.services.price_import import PlanChangedError
from tenants.admin.base import Headed
from tenants.display import list_url

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.urls import URLPattern
    from django.utils.safestring import SafeString
    from django_stubs_ext import StrOrPromise

PRICE_BOOK = "messaging_pricerate"


class ValidityFilter(admin.SimpleListFilter):
    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, StrOrPromise]]:
        return [("now", _("valid now")), ("ended", _("ended")), ("coming", _("to come"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[PriceRate]) -> QuerySet[PriceRate]:
        today = billing_today()
        match self.value():
            case "now":
                return queryset.filter(pk__in=PriceRate.objects.valid_on(today).values("pk"))
            case "ended":
                return queryset.filter(valid_to__lte=today)
            case "coming":
                return queryset.filter(valid_from__gt=today)
        return queryset


class MarketFilter(DropdownFilter):  # type: ignore[misc]  # unfold ships no types
    title = gettext_lazy("market")
    parameter_name = "market"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, StrOrPromise]]:
        names = PriceRate.objects.order_by("market").values_list("market", flat=True).distinct()
        return sorted(((name, market_name(name)) for name in names), key=lambda row: row[1])

    def queryset(self, request: HttpRequest, queryset: QuerySet[PriceRate]) -> QuerySet[PriceRate]:
        return queryset.filter(market=self.value()) if self.value() else queryset


@admin.register(PriceRate)
class PriceRateAdmin(Headed, ModelAdmin):  # type: ignore[misc]  # unfold ships no types
    list_display = ("of_market", "of_category", "price", "trust", "state", "validity")
    list_filter = (ValidityFilter, MarketFilter, "category", "currency", "is_confirmed")
    list_filter_submit = True
    search_fields = ("market", "source")
    search_help_text = gettext_lazy("Market or source")
    ordering = ("market", "category", "currency", "-valid_from", "volume_from", "id")
    show_full_result_count = False
    list_per_page = 100
    list_before_template = "admin/messaging/cost/_price_book.html"
    readonly_fields = ("imported_at",)
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("market", "category"),
                    ("amount", "currency"),
                    ("valid_from", "valid_to"),
                    ("volume_from", "volume_to"),
                    ("source", "is_confirmed"),
                    "imported_at",
                )
            },
        ),
    )

    def heading(self, rate: PriceRate) -> str:
        return f"{market_name(rate.market)} · {rate.get_category_display()} · {rate.currency}"

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        ours = [
            path("import/", wrap(self.import_card), name=f"{PRICE_BOOK}_import"),
            path("estimate/", wrap(self.estimate), name=f"{PRICE_BOOK}_estimate"),
        ]
        return [*ours, *super().get_urls()]

    def has_import_permission(self, request: HttpRequest) -> bool:
        """An import adds prices and ends others."""
        wanted = ("add", "change", "delete")
        return all(request.user.has_perm(f"messaging.{verb}_pricerate") for verb in wanted)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        more = {
            "may_import": self.has_import_permission(request),
            "unconfirmed_since": unconfirmed_since(),
        }
        answer: HttpResponse = super().changelist_view(request, more | (extra_context or {}))
        return answer

    # --- Importing ---------------------------------------------------------------------------------

    def import_card(self, request: HttpRequest) -> HttpResponse:
        """First the form, then what saving would do, then saving exactly that."""
        if not self.has_import_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return self._import_page(request, CardForm())
        if "plan" in request.POST:
            return self._save(request, request.POST["plan"])
        form = CardForm(request.POST, request.FILES)
        if not form.is_valid():
            return self._import_page(request, form)
        options = form.options
        plan = price_import.plan_import(form.card.rates, **options)
        packed = pack(form.card.rates, digest=plan.digest, **options)
        return self._import_page(request, form, plan=plan_page(plan, form.card), packed=packed)

    def _save(self, request: HttpRequest, packed: str) -> HttpResponse:
        try:
            options = unpack(packed)
        except signing.BadSignature:
            messages.error(request, _("The preview is too old. Choose the file again."))
            return self._import_page(request, CardForm())
        try:
            plan = price_import.save_import(**options)
        except PlanChangedError:
            messages.warning(
                request,
                _(
                    "The price book was changed meanwhile; nothing was saved. Look at the preview again."
                ),
            )
            del options["digest"]
            plan = price_import.plan_import(**options)
            again = pack(**options, digest=plan.digest)
            return self._import_page(request, CardForm(), plan=plan_page(plan, None), packed=again)
        messages.success(
            request,
            _("Saved: %(new)d new, %(changed)d changed, %(same)d as before.")
            % {name: plan.count(effect) for name, effect in _EFFECTS.items()},
        )
        return HttpResponseRedirect(list_url(PRICE_BOOK, state="now"))

    def _import_page(
        self,
        request: HttpRequest,
        form: CardForm,
        *,
        plan: PlanPage | None = None,
        packed: str = "",
    ) -> HttpResponse:
        return self._page(
            request,
            "admin/messaging/cost/import.html",
            title=_("Import a rate card"),
            form=form,
            plan=plan,
            packed=packed,
        )

    # --- The estimate ------------------------------------------------------------------------------

    def estimate(self, request: HttpRequest) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        form = EstimateForm(request.GET or None, initial=EstimateForm.EXAMPLE)
        asked = form.cleaned_data if form.is_bound and form.is_valid() else EstimateForm.EXAMPLE
        shown = None if form.is_bound and not form.is_valid() else estimate(**asked)
        return self._page(
            request,
            "admin/messaging/cost/estimate.html",
            title=_("Estimate"),
            form=form,
            estimate=shown,
            unconfirmed_since=unconfirmed_since(),
        )

    def _page(self, request: HttpRequest, template: str, **context: Any) -> HttpResponse:
        request.current_app = self.admin_site.name
        common = self.admin_site.each_context(request)
        return TemplateResponse(request, template, common | context)

    # --- Columns -----------------------------------------------------------------------------------

    @admin.display(description=gettext_lazy("market"), ordering="market")
    def of_market(self, rate: PriceRate) -> str:
        return market_name(rate.market)

    @admin.display(description=gettext_lazy("category"), ordering="category")
    def of_category(self, rate: PriceRate) -> str:
        return str(PriceCategory(rate.category).label)

    @admin.display(description=gettext_lazy("price"), ordering="amount")
    def price(self, rate: PriceRate) -> SafeString | str:
        price = money.price(rate.amount, rate.currency)
        if not rate.volume_from and rate.volume_to is None:
            return price
        tier = tier_words(rate.volume_from, rate.volume_to)
        return format_html(
            '{}<br><span class="bw-quiet">{}: {}</span>', price, _("volume tier"), tier
        )

    @admin.display(description=gettext_lazy("valid"), ordering="valid_from")
    def validity(self, rate: PriceRate) -> SafeString:
        return format_html('<span class="bw-nowrap">{}</span>', validity_words(rate))

    @admin.display(description=gettext_lazy("state"))
    def state(self, rate: PriceRate) -> SafeString:
        return state_badge(rate, today=billing_today())

    @admin.display(description=gettext_lazy("how sure"))
    def trust(self, rate: PriceRate) -> SafeString:
        return trust_badge(rate)


_EFFECTS = {
    "new": price_import.Effect.NEW,
    "changed": price_import.Effect.CHANGED,
    "same": price_import.Effect.SAME,
}
