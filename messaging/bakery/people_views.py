"""Who belongs to a bakery: everybody of it sees the list, owners change it, everybody may leave."""

from __future__ import annotations

import smtplib
from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from messaging.bakery.account_forms import InviteForm, JoinForm, RoleForm
from messaging.bakery.pages import Visit, render_page, visit_of
from messaging.bakery.permissions import for_the_owner, require_owner
from messaging.bakery.posting import takes_form_of
from messaging.services import members
from tenants.models import Invitation, Membership, User

_BACKEND = "django.contrib.auth.backends.ModelBackend"


@never_cache
@require_safe
def people_page(request: HttpRequest, slug: str) -> HttpResponse:
    return _page(request, visit_of(request, slug), InviteForm())


@never_cache
@takes_form_of("bakery_people")
@for_the_owner
def invite(request: HttpRequest, slug: str) -> HttpResponse:
    visit = visit_of(request, slug)
    form = InviteForm(request.POST)
    if not form.is_valid():
        return _page(request, visit, form)
    email = form.cleaned_data["email"]
    try:
        members.invite(
            visit.tenant,
            email=email,
            role=Membership.Role(form.cleaned_data["role"]),
            by=visit.user,
        )
    except members.AlreadyMemberError:
        form.add_error("email", _("Somebody of the bakery has this address."))
    except members.AlreadyInvitedError:
        form.add_error("email", _("This person is invited already. Send that invitation again."))
    except members.TooManyInvitationsError:
        form.add_error(None, _("Too many invitations are open. Take some back first."))
    except (OSError, smtplib.SMTPException):
        _tell_unsent(request)
        return redirect("bakery_people", slug=slug)
    else:
        messages.success(
            request, _("The invitation is on its way to %(email)s.") % {"email": email}
        )
        return redirect("bakery_people", slug=slug)
    return _page(request, visit, form)


@never_cache
@takes_form_of("bakery_people")
@for_the_owner
def invitation_again(request: HttpRequest, slug: str, invitation_id: int) -> HttpResponse:
    visit, invitation = _invitation(request, slug, invitation_id)
    try:
        members.send_again(invitation, by=visit.user)
    except members.InvitationGoneError:
        messages.info(request, _("This invitation is not open any more."))
    except (OSError, smtplib.SMTPException):
        _tell_unsent(request)
    else:
        messages.success(
            request,
            _("A new link is on its way to %(email)s; the old one is worthless.")
            % {"email": invitation.email},
        )
    return redirect("bakery_people", slug=slug)


@never_cache
@takes_form_of("bakery_people")
@for_the_owner
def invitation_back(request: HttpRequest, slug: str, invitation_id: int) -> HttpResponse:
    visit, invitation = _invitation(request, slug, invitation_id)
    members.take_back(invitation, by=visit.user)
    messages.success(request, _("The invitation is taken back; its link opens nothing."))
    return redirect("bakery_people", slug=slug)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def change_role(request: HttpRequest, slug: str, member_id: int) -> HttpResponse:
    """GET asks; POST changes."""
    visit, membership = _membership(request, slug, member_id)
    require_owner(visit)
    form = RoleForm(request.POST or None)
    if form.is_valid():
        role = Membership.Role(form.cleaned_data["role"])
        done = _tried(request, lambda: members.change_role(membership, role, by=visit.user))
        if done:
            messages.success(request, _("The role is changed."))
        return redirect("bakery_people", slug=slug)
    return render_page(
        request, visit, "messaging/bakery/people_role.html", {"membership": membership}
    )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def remove(request: HttpRequest, slug: str, member_id: int) -> HttpResponse:
    """GET asks; POST removes."""
    visit, membership = _membership(request, slug, member_id)
    require_owner(visit)
    if request.method == "POST":
        if _tried(request, lambda: members.remove(membership, by=visit.user)):
            messages.success(request, _("They do not belong to the bakery any more."))
        return redirect("bakery_people", slug=slug)
    return render_page(
        request, visit, "messaging/bakery/people_remove.html", {"membership": membership}
    )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def leave(request: HttpRequest, slug: str) -> HttpResponse:
    """GET asks; POST leaves."""
    visit = visit_of(request, slug)
    if request.method == "POST":
        if _tried(request, lambda: members.leave(visit.tenant, visit.user)):
            messages.success(
                request, _("You have left %(bakery)s.") % {"bakery": visit.tenant.name}
            )
            return redirect("home")
        return redirect("bakery_people", slug=slug)
    context = {"last_owner": members.last_owner_of(visit.tenant)}
    return render_page(request, visit, "messaging/bakery/people_leave.html", context)


@never_cache
@login_not_required
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def accept(request: HttpRequest, token: str) -> HttpResponse:
    """The page behind the link in the mail: join with this account, with another, or with a new one."""
    try:
        invitation = members.invitation_of(token)
        if request.method == "POST" and isinstance(request.user, User):
            members.join(invitation, request.user)
            return _welcome(request, invitation)
        form = JoinForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            membership = members.join_as_new(invitation, **form.joined)
            login(request, membership.user, backend=_BACKEND)
            return _welcome(request, invitation)
    except members.InvitationGoneError:
        return render(request, "registration/invitation_gone.html", status=410)
    except ValidationError as error:
        form.take(error)
    context = {"invitation": invitation, "form": form, "here": request.path}
    answer = render(request, "registration/invitation.html", context)
    # The address is the secret: it must not reach another site.
    # With no-referrer browsers also call a form's own origin "null", which the protection against forged forms refuses.
    answer.headers["Referrer-Policy"] = "strict-origin"
    return answer


def _welcome(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    messages.success(request, _("Welcome to %(bakery)s.") % {"bakery": invitation.tenant.name})
    return redirect("bakery_settings", slug=invitation.tenant.slug)


def _page(request: HttpRequest, visit: Visit, form: InviteForm) -> HttpResponse:
    rows = Membership.objects.of(visit.tenant).select_related("user")
    context = {
        "members": list(rows.order_by("role", "user__first_name", "user__username", "id")),
        # What they cannot do is not offered.
        "last_owner": members.last_owner_of(visit.tenant),
        "invitations": list(visit.tenant.invitations.open().order_by("-sent_at", "-id"))
        if visit.is_owner
        else [],
        "form": form,
    }
    return render_page(request, visit, "messaging/bakery/people.html", context)


def _membership(request: HttpRequest, slug: str, pk: int) -> tuple[Visit, Membership]:
    visit = visit_of(request, slug)
    rows = Membership.objects.of(visit.tenant).select_related("tenant", "user")
    return visit, get_object_or_404(rows, pk=pk)


def _invitation(request: HttpRequest, slug: str, pk: int) -> tuple[Visit, Invitation]:
    visit = visit_of(request, slug)
    rows = Invitation.objects.of(visit.tenant).select_related("tenant", "invited_by")
    return visit, get_object_or_404(rows, pk=pk)


def _tried(request: HttpRequest, change: Callable[[], None]) -> bool:
    """Whether the change was made; else say why the last owner stays."""
    try:
        change()
    except members.LastOwnerError:
        messages.error(
            request,
            _("The bakery needs an owner. Make somebody else the owner first, then try again."),
        )
        return False
    return True


def _tell_unsent(request: HttpRequest) -> None:
    messages.error(
        request, _("The mail could not be sent. The invitation is kept: send it again later.")
    )
