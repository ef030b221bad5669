"""The admin site: django-unfold's, with our security policy, our banner on every page, our home and our menu.

Settings name the callables by path (UNFOLD), so that nothing here imports an app while the apps are still loading.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, cast

from csp.constants import NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE
from csp.decorators import csp_replace
from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.functional import SimpleLazyObject
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from unfold.sites import UnfoldAdminSite

# unfold's Alpine components evaluate expressions and style inline; only the staff's admin gets that much.
_ADMIN_POLICY = {
    "default-src": [SELF],
    "script-src": [SELF, UNSAFE_INLINE, UNSAFE_EVAL],
    "style-src": [SELF, UNSAFE_INLINE],
    "img-src": [SELF, "data:"],
    "object-src": [NONE],
    "base-uri": [NONE],
    "form-action": [SELF],
    "frame-ancestors": [NONE],
}


class BakeryAdminSite(UnfoldAdminSite):  # type: ignore[misc]  # unfold ships no types
    """The platform staff's workplace. Bakeries never enter it: that takes `is_staff`."""

    # As our own columns write it; Django's is a hyphen.
    empty_value_display = "–"

    def admin_view(
        self, view: Callable[..., HttpResponse], cacheable: bool = False
    ) -> Callable[..., HttpResponse]:
        wrapped: Any = csp_replace(_ADMIN_POLICY)(super().admin_view(view, cacheable))
        return cast("Callable[..., HttpResponse]", wrapped)

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> Any:
        """Django's list of apps and their models, made when somebody looks at it.

        Every page asks for it, and our menu shows none of it: it took a third of a small page's time.
        """
        return SimpleLazyObject(partial(super().get_app_list, request, app_label))

    @method_decorator(csp_replace(_ADMIN_POLICY))
    @login_not_required
    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        from bakery_whatsapp.log_in import landing

        answer: HttpResponse = super().login(request, extra_context)
        if isinstance(answer, HttpResponseRedirect):
            answer = HttpResponseRedirect(landing(request, answer.url))
        return answer


def environment_label(request: HttpRequest) -> tuple[str, str]:
    """Say on every page whether messages reach real phones; the second word is the label's colour."""
    if settings.WHATSAPP_SIMULATOR:
        return _("Simulator"), "info"
    if settings.ENVIRONMENT == "production":
        return _("Production"), "success"
    return _("Development"), "warning"


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """The menu, in the order of a day's work."""
    is_estimate = request.path == reverse("admin:messaging_pricerate_estimate")
    return [
        {"title": None, "items": [_item(_("Home"), "home", "index")]},
        {
            "title": _("Bakeries"),
            "items": [
                _item(_("Bakeries"), "storefront", "tenants_tenant_changelist"),
                _item(_("Numbers"), "call", "tenants_phonenumber_changelist"),
                board := _item(_("Assign numbers"), "rule", "tenants_phonenumberassignment_board"),
                # The board's address begins like the history's; only one of them is where the admin is.
                _item(_("Assignments"), "history", "tenants_phonenumberassignment_changelist")
                | ({"active": False} if request.path.startswith(board["link"]) else {}),
                _item(_("Changed settings"), "manage_history", "tenants_settingchange_changelist"),
            ],
        },
        {
            "title": _("Messages"),
            "items": [
                _item(_("Messages"), "send", "messaging_message_changelist"),
                _item(_("Received"), "inbox", "messaging_inboundmessage_changelist"),
                _item(_("Recipients"), "contacts", "messaging_recipient_changelist"),
                _item(_("Opt-outs"), "notifications_off", "messaging_suppression_changelist"),
                _item(_("Templates"), "description", "messaging_messagetemplate_changelist"),
                _item(_("Kinds of notices"), "checklist", "messaging_noticekind_changelist"),
                _item(_("Webhooks"), "webhook", "messaging_webhookdelivery_changelist"),
                _item(_("Events at Meta"), "campaign", "messaging_accountevent_changelist"),
                _item(_("Alerts"), "notifications", "messaging_alert_changelist"),
            ],
        },
        {
            "title": _("Cost"),
            "items": [
                _item(_("Cost by month"), "payments", "messaging_dailyusage_changelist"),
                {
                    **_item(_("Price book"), "sell", "messaging_pricerate_changelist"),
                    # The estimate's address begins with the price book's and has a line of its own.
                    "active": "/pricerate/" in request.path and not is_estimate,
                },
                _item(_("Estimate"), "calculate", "messaging_pricerate_estimate"),
            ],
        },
        {
            "title": _("Set-up"),
            "items": [
                _item(_("Set-up"), "checklist", "messaging_setupcheck_changelist")
                | {"badge": "messaging.admin.pages.setup_badge", "badge_variant": "primary"},
                _item(
                    _("Accounts"), "business_center", "tenants_whatsappbusinessaccount_changelist"
                ),
                _item(_("Access token"), "vpn_key", "messaging_tokenrotation_page"),
                _item(_("Dates ahead"), "event", "messaging_calendarfeed_dates"),
                _item(_("API keys"), "key", "tenants_apikey_changelist"),
                _item(_("Callbacks"), "outbound", "messaging_callback_changelist"),
                _item(_("Announcements"), "campaign", "messaging_announcement_changelist"),
                _item(_("First week"), "visibility", "messaging_firstweek_changelist"),
                _item(_("Mails"), "mail", "messaging_mail_changelist"),
                *_outside(),
            ],
        },
        {
            "title": _("People"),
            "items": [
                _item(_("People"), "group", "tenants_user_changelist"),
                _item(_("Changes"), "manage_history", "auditlog_logentry_changelist"),
                _item(_("Locked log-ins"), "lock_clock", "axes_accessattempt_changelist"),
            ],
        },
    ]


def _item(title: str, icon: str, name: str) -> dict[str, Any]:
    """Return a line of the menu, shown to whoever may open it. `name` begins with app and model, as admin's names do."""
    return {
        "title": capfirst(title),
        "icon": icon,
        "link": reverse(f"admin:{name}"),
        "permission": partial(_may_open, name),
    }


def _may_open(name: str, request: HttpRequest) -> bool:
    app, _separator, rest = name.partition("_")
    if not rest:
        return True  # the home is everybody's
    page = admin.site._registry[apps.get_model(app, rest.split("_")[0])]
    return page.has_view_permission(request)


def _outside() -> list[dict[str, Any]]:
    items = [{"title": _("API description"), "icon": "menu_book", "link": reverse("docs")}]
    if settings.WHATSAPP_SIMULATOR:
        items.append({"title": _("Simulator's phone"), "icon": "smartphone", "link": "/simulator/"})
    return items
