from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminTextInputWidget

from tenants.admin.base import Headed
from tenants.display import BAD, CAUTION, GOOD, badge, link, list_url, moment, yes_or_no
from tenants.models import WhatsAppBusinessAccount

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest
    from django.utils.safestring import SafeString

_SECRETS = ("access_token", "app_secrets", "webhook_verify_token")


def _secret(label: Any, help_text: Any) -> forms.CharField:
    widget = UnfoldAdminPasswordWidget(
        attrs={"autocomplete": "new-password", "spellcheck": "false"}
    )
    return forms.CharField(label=label, help_text=help_text, required=False, widget=widget)


class AccountForm(forms.ModelForm):  # type: ignore[type-arg]  # generic only in the stubs
    """Secrets go in and never come out: their fields are always empty, and empty keeps what is stored."""

    new_access_token = _secret(
        gettext_lazy("New access token"),
        gettext_lazy("Empty keeps the stored one. Begins with EAA."),
    )
    new_app_secrets = _secret(
        gettext_lazy("New app secrets"),
        gettext_lazy(
            "Empty keeps the stored ones. Separate several with commas while the secret changes at Meta."
        ),
    )
    new_webhook_verify_token = _secret(
        gettext_lazy("New webhook verify token"),
        gettext_lazy("Empty keeps the stored one. Write the same word in WhatsApp Manager."),
    )

    class Meta:
        model = WhatsAppBusinessAccount
        fields = ("name", "waba_id", "app_id")
        widgets = {"waba_id": UnfoldAdminTextInputWidget(attrs={"inputmode": "numeric"})}

    def clean_new_app_secrets(self) -> str:
        given = self.cleaned_data["new_app_secrets"].replace(",", "\n")
        return "\n".join(secret.strip() for secret in given.splitlines() if secret.strip())

    @property
    def replaced(self) -> list[str]:
        """Names of the secrets somebody wrote anew."""
        return [name for name in _SECRETS if self.cleaned_data.get(f"new_{name}")]


@admin.register(WhatsAppBusinessAccount)
class WhatsAppBusinessAccountAdmin(Headed, ModelAdmin):  # type: ignore[misc]  # unfold ships no types
    form = AccountForm
    actions = None
    list_display = ("title", "waba_id", "line", "token", "numbers")
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    readonly_fields: tuple[str, ...] = (
        "line",
        "token",
        "secrets",
        "verify_token",
        "issued",
        "checked",
        "expires",
        "previous",
        "numbers_synced",
        "templates_synced",
    )
    fieldsets: Any = (
        (None, {"fields": ("line", "name", ("waba_id", "app_id"))}),
        (
            gettext_lazy("Credentials"),
            {
                "description": gettext_lazy("Stored encrypted and never shown again."),
                "fields": (
                    ("token", "new_access_token"),
                    ("issued", "expires"),
                    ("checked", "previous"),
                    ("secrets", "new_app_secrets"),
                    ("verify_token", "new_webhook_verify_token"),
                ),
            },
        ),
        (
            gettext_lazy("Last read from Meta"),
            {"fields": (("numbers_synced", "templates_synced"),)},
        ),
    )

    def heading(self, account: WhatsAppBusinessAccount) -> str:
        return account.name or str(account)

    def get_fieldsets(
        self, request: HttpRequest, obj: WhatsAppBusinessAccount | None = None
    ) -> Any:
        """Those who only look get the facts of the token and no place for secrets."""
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None or self.has_change_permission(request, obj):
            return fieldsets
        return [_without_secrets(fieldset) for fieldset in fieldsets]

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False  # numbers, templates and every message hang on it

    def get_queryset(self, request: HttpRequest) -> QuerySet[WhatsAppBusinessAccount]:
        found: QuerySet[WhatsAppBusinessAccount] = super().get_queryset(request)
        return found.prefetch_related("phone_numbers")

    def save_model(
        self, request: HttpRequest, obj: WhatsAppBusinessAccount, form: AccountForm, change: bool
    ) -> None:
        for name in form.replaced:
            setattr(obj, name, form.cleaned_data[f"new_{name}"])
        if "access_token" in form.replaced:
            obj.token_issued_at = timezone.now()
            obj.token_checked_at = obj.token_expires_at = None
        if not change:
            super().save_model(request, obj, form, change)
            return
        # Only these: a worker may have stopped the line since the row was read.
        facts = ("token_issued_at", "token_checked_at", "token_expires_at")
        obj.save(update_fields=[*AccountForm.Meta.fields, *form.replaced, *facts])

    def construct_change_message(
        self, request: HttpRequest, form: AccountForm, formsets: Any, add: bool = False
    ) -> Any:
        # Names of fields only; Django's own message holds no values either.
        return super().construct_change_message(request, form, formsets, add)

    # --- Columns -------------------------------------------------------------------------------

    @admin.display(description=gettext_lazy("name"), ordering="name")
    def title(self, account: WhatsAppBusinessAccount) -> str:
        return account.name or account.waba_id

    @admin.display(description=gettext_lazy("sending"))
    def line(self, account: WhatsAppBusinessAccount) -> SafeString:
        if account.sending_stopped_at:
            return badge(_("stopped"), icon="error", tone=BAD)
        if account.sending_paused_at:
            return badge(_("paused"), icon="pause_circle", tone=CAUTION)
        return badge(_("on"), icon="check_circle", tone=GOOD)

    @admin.display(description=gettext_lazy("access token"))
    def token(self, account: WhatsAppBusinessAccount) -> SafeString:
        return _stored(account.access_token)

    @admin.display(description=gettext_lazy("app secrets"))
    def secrets(self, account: WhatsAppBusinessAccount) -> SafeString:
        return _stored(account.app_secrets)

    @admin.display(description=gettext_lazy("webhook verify token"))
    def verify_token(self, account: WhatsAppBusinessAccount) -> SafeString:
        return _stored(account.webhook_verify_token)

    @admin.display(description=gettext_lazy("numbers"))
    def numbers(self, account: WhatsAppBusinessAccount) -> SafeString:
        return link(list_url("tenants_phonenumber"), str(len(account.phone_numbers.all())))

    @admin.display(description=gettext_lazy("token issued"))
    def issued(self, account: WhatsAppBusinessAccount) -> SafeString | str:
        return moment(account.token_issued_at)

    @admin.display(description=gettext_lazy("token checked"))
    def checked(self, account: WhatsAppBusinessAccount) -> SafeString | str:
        return moment(account.token_checked_at)

    @admin.display(description=gettext_lazy("token expires"))
    def expires(self, account: WhatsAppBusinessAccount) -> SafeString | str:
        return moment(account.token_expires_at)

    @admin.display(description=gettext_lazy("previous token kept until"))
    def previous(self, account: WhatsAppBusinessAccount) -> SafeString | str:
        return moment(account.previous_token_until)

    @admin.display(description=gettext_lazy("numbers synced"))
    def numbers_synced(self, account: WhatsAppBusinessAccount) -> SafeString | str:
        return moment(account.numbers_synced_at)

    @admin.display(description=gettext_lazy("templates synced"))
    def templates_synced(self, account: WhatsAppBusinessAccount) -> SafeString | str:
        return moment(account.templates_synced_at)


def _without_secrets(fieldset: tuple[Any, dict[str, Any]]) -> tuple[Any, dict[str, Any]]:
    title, options = fieldset
    names = [name for row in options["fields"] for name in ([row] if isinstance(row, str) else row)]
    written = {f"new_{name}" for name in _SECRETS}
    return title, {**options, "fields": tuple(name for name in names if name not in written)}


def _stored(secret: str) -> SafeString:
    return yes_or_no(bool(secret), yes=_("stored"), no=_("none stored"))
