from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404, redirect
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.admin import ModelAdmin, TabularInline
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminSelectWidget

from tenants.admin.base import KnownKeys, ReadOnlyAdmin, confirmation
from tenants.display import (
    BUSY,
    CAUTION,
    NEUTRAL,
    badge,
    link,
    moment,
    page_url,
    yes_or_no,
)
from tenants.models import Invitation, LogIn, Membership, SecondFactor, StaffRole, User
from tenants.services import log_ins, second_factors
from tenants.services.staff import give_role, is_last_platform_admin

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse
    from django.urls import URLPattern
    from django.utils.safestring import SafeString

# Groups are the roles and follow bakery_whatsapp/role_permissions.py: nothing in them is for editing.
admin.site.unregister(Group)

_KINDS = {
    None: (gettext_lazy("bakery"), "storefront", NEUTRAL),
    StaffRole.PLATFORM_ADMIN: (StaffRole.PLATFORM_ADMIN.label, "shield_person", BUSY),
    StaffRole.SUPPORT: (StaffRole.SUPPORT.label, "support_agent", BUSY),
}


class PersonForm(UserChangeForm):  # type: ignore[misc]  # unfold ships no types
    """A person with one role instead of Django's boxes for staff, superusers and groups."""

    role = forms.TypedChoiceField(
        label=gettext_lazy("Role at the platform"),
        choices=[("", gettext_lazy("none: somebody of a bakery")), *StaffRole.choices],
        coerce=StaffRole,
        empty_value=None,
        required=False,
        widget=UnfoldAdminSelectWidget,
        help_text=gettext_lazy(
            "A platform admin may do everything. Support reads everything but secrets and sends messages again."
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["role"] = self.instance.staff_role or ""

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        stays = cleaned.get("is_active") and cleaned.get("role") is StaffRole.PLATFORM_ADMIN
        if not stays and is_last_platform_admin(self.instance):
            self.add_error(
                "role",
                _("This is the last platform admin. Make another one before you change this."),
            )
        return cleaned


class RoleFilter(admin.SimpleListFilter):
    title = gettext_lazy("role")
    parameter_name = "role"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, Any]]:
        return [*StaffRole.choices, ("bakery", _("somebody of a bakery"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        if self.value() == "bakery":
            return queryset.filter(is_staff=False)
        if self.value() in StaffRole.values:
            return queryset.filter(is_staff=True, groups__name=self.value())
        return queryset


class FactorFilter(admin.SimpleListFilter):
    """Without one, whoever knows a password of the staff could set up their own at the next log-in."""

    title = gettext_lazy("second factor")
    parameter_name = "factor"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, Any]]:
        return [("yes", _("in use")), ("no", _("not set up"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        in_use = SecondFactor.objects.filter(confirmed_at__isnull=False).values("user")
        if self.value() == "yes":
            return queryset.filter(pk__in=in_use)
        return queryset.exclude(pk__in=in_use) if self.value() == "no" else queryset


class BakeriesOfPerson(TabularInline):  # type: ignore[misc]  # unfold ships no types
    model = Membership
    extra = 0
    fields = ("tenant", "role", "since")
    readonly_fields = ("since",)
    autocomplete_fields = ("tenant",)
    hide_title = True
    verbose_name = gettext_lazy("bakery")
    verbose_name_plural = gettext_lazy("Bakeries of this person")

    @admin.display(description=gettext_lazy("since"))
    def since(self, membership: Membership) -> SafeString | str:
        return moment(membership.created_at)


@admin.register(User)
class UserAdmin(KnownKeys, DjangoUserAdmin, ModelAdmin):  # type: ignore[misc,type-arg]  # unfold ships no types
    """People who log in. Platform staff enter the admin; everybody else sees only their bakeries' pages."""

    form = PersonForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "full_name", "mail", "works_at", "kind", "seen")
    list_filter = (RoleFilter, FactorFilter, "is_active")
    actions = None
    search_fields = ("username", "email", "first_name", "last_name")
    search_help_text = gettext_lazy("User name, name or e-mail")
    ordering = ("username",)
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    filter_horizontal = ()
    inlines = (BakeriesOfPerson,)
    readonly_fields = ("kind", "factor", "seen", "joined")
    change_form_outer_before_template = "admin/tenants/user/_second_factor.html"
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        (gettext_lazy("Person"), {"fields": (("first_name", "last_name"), "email")}),
        (
            gettext_lazy("Rights"),
            {
                "description": gettext_lazy(
                    "Whoever has a role enters this admin. People of a bakery need none: their bakeries stand below."
                ),
                "fields": ("is_active", "role"),
            },
        ),
        (gettext_lazy("Log-ins"), {"fields": ("factor", ("seen", "joined"))}),
    )
    # For those who look: neither the way to a new password nor its hash.
    seen_fieldsets = (
        (None, {"fields": ("username", "kind")}),
        fieldsets[1],
        (gettext_lazy("Log-ins"), {"fields": ("factor", ("seen", "joined"))}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        found: QuerySet[User] = super().get_queryset(request)
        return found.prefetch_related("memberships__tenant", "groups")

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        if obj is not None and not self.has_change_permission(request, obj):
            return self.seen_fieldsets
        return super().get_fieldsets(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        may: bool = super().has_delete_permission(request, obj)
        return may and not (obj is not None and is_last_platform_admin(obj))

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """With the person goes what is only theirs, such as log-ins, which nobody deletes by itself."""
        found, counts, _needed, protected = super().get_deleted_objects(objs, request)
        return found, counts, set(), protected

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if change:
            give_role(obj, form.cleaned_data["role"])

    def get_inlines(self, request: HttpRequest, obj: User | None) -> Any:
        return self.inlines if obj else ()  # Django asks for the password first

    # --- Second factor -------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        ours = path(
            "<int:pk>/reset-second-factor/",
            self.admin_site.admin_view(self.reset_second_factor),
            name="tenants_user_reset_second_factor",
        )
        return [ours, *super().get_urls()]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        user = context.get("original")
        context["may_reset"] = bool(
            user and self._may_reset(request, user) and second_factors.has_second_factor(user)
        )
        answer: HttpResponse = super().render_change_form(request, context, *args, **kwargs)
        return answer

    def _may_reset(self, request: HttpRequest, user: User) -> bool:
        """Another platform admin's work: whoever holds a stolen session must not lift the factor of their own."""
        return self.has_change_permission(request, user) and request.user.pk != user.pk

    def reset_second_factor(self, request: HttpRequest, pk: int) -> HttpResponse:
        user = get_object_or_404(User, pk=pk)
        if not self._may_reset(request, user):
            raise PermissionDenied
        names = {"name": user.get_username()}
        if request.method == "POST":
            if second_factors.reset(user):
                log_ins.end_all(user)
                messages.success(request, _("%(name)s has no second factor any more.") % names)
            else:
                messages.info(request, _("%(name)s had none.") % names)
            return redirect(page_url("tenants_user", pk))
        return confirmation(
            request,
            self,
            title=_("Reset the second factor of %(name)s?") % names,
            lines=[
                _("For somebody who has lost phone and recovery codes. Make sure who is asking."),
                _("All their devices are logged out; then the password alone lets them in."),
                _("Platform staff set up a new one at the next log-in."),
            ],
            button=_("Reset the second factor"),
            back_url=page_url("tenants_user", pk),
            is_dangerous=True,
        )

    @admin.display(description=gettext_lazy("second factor"))
    def factor(self, user: User) -> SafeString:
        return yes_or_no(
            second_factors.has_second_factor(user), yes=_("in use"), no=_("not set up")
        )

    # --- Columns -------------------------------------------------------------------------------

    @admin.display(description=gettext_lazy("name"))
    def full_name(self, user: User) -> str:
        return user.get_full_name() or "–"

    @admin.display(description=gettext_lazy("e-mail"), ordering="email")
    def mail(self, user: User) -> str:
        return user.email or "–"

    @admin.display(description=gettext_lazy("bakeries"))
    def works_at(self, user: User) -> SafeString | str:
        places = list(user.memberships.all())
        if not places:
            return "–"
        first = link(page_url("tenants_tenant", places[0].tenant_id), places[0].tenant.name)
        if len(places) == 1:
            return first
        more = _("and %(count)d more") % {"count": len(places) - 1}
        return first + link(page_url("tenants_user", user.pk), f" {more}")

    @admin.display(description=gettext_lazy("kind"), ordering="is_staff")
    def kind(self, user: User) -> SafeString:
        if not user.is_active:
            return badge(_("locked"), icon="lock", tone=CAUTION)
        word, icon, tone = _KINDS[user.staff_role]
        return badge(word, icon=icon, tone=tone)

    @admin.display(description=gettext_lazy("last log-in"), ordering="last_login")
    def seen(self, user: User) -> SafeString | str:
        return moment(user.last_login)

    @admin.display(description=gettext_lazy("joined"))
    def joined(self, user: User) -> SafeString | str:
        return moment(user.date_joined)


@admin.register(Membership)
class MembershipAdmin(KnownKeys, ModelAdmin):  # type: ignore[misc]  # unfold ships no types
    list_display = ("user", "tenant", "role", "since")
    list_filter = ("role",)
    list_select_related = ("tenant", "user")
    search_fields = ("user__username", "user__email", "tenant__name")
    search_help_text = gettext_lazy("Person or bakery")
    autocomplete_fields = ("tenant", "user")
    ordering = ("tenant__name", "user__username", "id")
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    fields = ("tenant", "user", "role", "gets_weekly_summary", "since")
    readonly_fields = ("since",)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        # The list of bakeries links here with the bakery.
        return lookup == "tenant__id__exact" or super().lookup_allowed(lookup, value, request)

    @admin.display(description=gettext_lazy("since"), ordering="created_at")
    def since(self, membership: Membership) -> SafeString | str:
        return moment(membership.created_at)


@admin.register(SecondFactor)
class SecondFactorAdmin(ReadOnlyAdmin):
    """Who has one, and since when. Neither the secret nor the codes are shown; it is reset on the person's page."""

    list_display = ("user", "since", "locked")
    list_select_related = ("user",)
    search_fields = ("user__username",)
    ordering = ("user__username", "id")
    fields = readonly_fields = ("user", "since", "locked")

    def heading(self, factor: SecondFactor) -> str:
        return str(factor.user)

    @admin.display(description=gettext_lazy("in use since"))
    def since(self, factor: SecondFactor) -> SafeString | str:
        return moment(factor.confirmed_at)

    @admin.display(description=gettext_lazy("locked until"))
    def locked(self, factor: SecondFactor) -> SafeString | str:
        return moment(factor.locked_until)


@admin.register(LogIn)
class LogInAdmin(ReadOnlyAdmin):
    """Where people are logged in. The keys of the sessions are not shown."""

    list_display = ("user", "since", "browser", "network")
    list_select_related = ("user",)
    search_fields = ("user__username",)
    search_help_text = gettext_lazy("User name")
    ordering = ("-started_at", "-id")
    fields = readonly_fields = ("user", "since", "browser", "network")

    def heading(self, log_in: LogIn) -> str:
        return str(log_in.user)

    @admin.display(description=gettext_lazy("since"), ordering="started_at")
    def since(self, log_in: LogIn) -> SafeString | str:
        return moment(log_in.started_at)


@admin.register(Invitation)
class InvitationAdmin(ReadOnlyAdmin):
    """Who was invited to which bakery. Their owners invite; the links are stored nowhere."""

    list_display = ("email", "tenant", "role", "invited_by", "sent", "accepted", "taken_back")
    list_select_related = ("tenant", "invited_by")
    search_fields = ("email", "tenant__name")
    search_help_text = gettext_lazy("E-mail or bakery")
    ordering = ("-sent_at", "-id")
    fields = readonly_fields = (
        "email",
        "tenant",
        "role",
        "invited_by",
        "sent",
        "accepted",
        "accepted_by",
        "taken_back",
    )

    def heading(self, invitation: Invitation) -> str:
        return str(invitation.email)

    @admin.display(description=gettext_lazy("sent last"), ordering="sent_at")
    def sent(self, invitation: Invitation) -> SafeString | str:
        return moment(invitation.sent_at)

    @admin.display(description=gettext_lazy("accepted"))
    def accepted(self, invitation: Invitation) -> SafeString | str:
        return moment(invitation.accepted_at)

    @admin.display(description=gettext_lazy("taken back"))
    def taken_back(self, invitation: Invitation) -> SafeString | str:
        return moment(invitation.revoked_at)
