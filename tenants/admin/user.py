from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.admin import ModelAdmin, TabularInline
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from tenants.display import (
    BUSY,
    CAUTION,
    NEUTRAL,
    badge,
    link,
    moment,
    page_url,
)
from tenants.models import Membership, User

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest
    from django.utils.safestring import SafeString

admin.site.unregister(Group)


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, ModelAdmin):  # type: ignore[misc]  # unfold ships no types
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER


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
class UserAdmin(DjangoUserAdmin, ModelAdmin):  # type: ignore[misc,type-arg]  # unfold ships no types
    """People who log in. Platform staff enter the admin; everybody else sees only their bakeries' pages."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "full_name", "mail", "works_at", "kind", "seen")
    list_filter = ("is_staff", "is_active")
    search_fields = ("username", "email", "first_name", "last_name")
    search_help_text = gettext_lazy("User name, name or e-mail")
    ordering = ("username",)
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    filter_horizontal = ()
    autocomplete_fields = ("groups",)
    inlines = (BakeriesOfPerson,)
    readonly_fields = ("seen", "joined")
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        (gettext_lazy("Person"), {"fields": (("first_name", "last_name"), "email")}),
        (
            gettext_lazy("Rights"),
            {
                "description": gettext_lazy(
                    "Staff enter this admin. People of a bakery need none of these: their bakeries stand below."
                ),
                "fields": ("is_active", "is_staff", "is_superuser", "groups"),
            },
        ),
        (gettext_lazy("Log-ins"), {"fields": (("seen", "joined"),)}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        found: QuerySet[User] = super().get_queryset(request)
        return found.prefetch_related("memberships__tenant")

    def get_inlines(self, request: HttpRequest, obj: User | None) -> Any:
        return self.inlines if obj else ()  # Django asks for the password first

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
        if user.is_staff:
            return badge(_("platform staff"), icon="shield_person", tone=BUSY)
        return badge(_("bakery"), icon="storefront", tone=NEUTRAL)

    @admin.display(description=gettext_lazy("last log-in"), ordering="last_login")
    def seen(self, user: User) -> SafeString | str:
        return moment(user.last_login)

    @admin.display(description=gettext_lazy("joined"))
    def joined(self, user: User) -> SafeString | str:
        return moment(user.date_joined)


@admin.register(Membership)
class MembershipAdmin(ModelAdmin):  # type: ignore[misc]  # unfold ships no types
    list_display = ("user", "tenant", "role", "since")
    list_filter = ("role",)
    list_select_related = ("tenant", "user")
    search_fields = ("user__username", "user__email", "tenant__name")
    search_help_text = gettext_lazy("Person or bakery")
    autocomplete_fields = ("tenant", "user")
    ordering = ("tenant__name", "user__username", "id")
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    fields = ("tenant", "user", "role", "since")
    readonly_fields = ("since",)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        # The list of bakeries links here with the bakery.
        return lookup == "tenant__id__exact" or super().lookup_allowed(lookup, value, request)

    @admin.display(description=gettext_lazy("since"), ordering="created_at")
    def since(self, membership: Membership) -> SafeString | str:
        return moment(membership.created_at)
