"""What all pages of a bakery have in common: who visits which bakery, and the frame around the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation.trans_real import parse_accept_lang_header

from messaging.bakery.banner_words import banners_of
from messaging.bakery.clock import tell_times_of
from messaging.bakery.menu import menu_of
from messaging.services.obstacles import Standing, standing_of
from tenants.models import Membership, Tenant, User


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody on a bakery's pages. `role` is their place in the bakery; None for the platform's staff."""

    user: User
    tenant: Tenant
    role: Membership.Role | None

    @property
    def is_owner(self) -> bool:
        return self.role is Membership.Role.OWNER


def visit_of(request: HttpRequest, slug: str) -> Visit:
    """Find the bakery of this address and the visitor's place in it: the one way in for every page of a bakery.

    From here on the answer tells all its times by the bakery's clock.

    Somebody else's bakery is not found, as one that does not exist. Where neither the person nor their browser has
    asked for a language that we have, the page speaks the bakery's.
    """
    user = user_of(request)
    tenant = get_object_or_404(Tenant.objects.visible_to(user), slug=slug)
    tell_times_of(tenant)
    membership = Membership.objects.of(tenant).filter(user=user).first()
    if not _has_chosen_a_language(request):
        translation.activate(tenant.language)
    return Visit(user, tenant, Membership.Role(membership.role) if membership else None)


def user_of(request: HttpRequest) -> User:
    """The person who is logged in; LoginRequiredMiddleware has seen to that."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def render_page(
    request: HttpRequest,
    visit: Visit,
    template: str,
    context: dict[str, Any],
    *,
    standing: Standing | None = None,
) -> HttpResponse:
    """Render a page below messaging/bakery/page.html, with the menu and what keeps notices from going out.

    A page that has asked for the bakery's `standing` itself hands it over, so that nobody asks twice.
    """
    standing = standing or standing_of(visit.tenant)
    frame = {
        "visit": visit,
        "tenant": visit.tenant,
        "menu": menu_of(visit.tenant, request),
        "banners": banners_of(standing),
        "support_url": support_url(request, visit),
    }
    return render(request, template, frame | context)


def support_url(request: HttpRequest, visit: Visit) -> str:
    """Return a mail to the platform that says who writes about which page; empty where nobody is there to read it."""
    if not settings.SUPPORT_EMAIL:
        return ""
    subject = _("Help with the notices of %(bakery)s") % {"bakery": visit.tenant.name}
    # What the platform needs to find the place; no words of messages, no numbers.
    context = [
        f"{visit.tenant.name} ({visit.tenant.pk})",
        visit.user.get_username(),
        request.path,
        f"{timezone.now():%Y-%m-%d %H:%M} UTC",
    ]
    question = _("Write here what you need help with.")
    body = "\n".join([question, "", "--", *context])
    return f"mailto:{settings.SUPPORT_EMAIL}?{urlencode({'subject': subject, 'body': body}, quote_via=quote)}"


def _has_chosen_a_language(request: HttpRequest) -> bool:
    if settings.LANGUAGE_COOKIE_NAME in request.COOKIES:
        return True
    known = {code for code, _name in settings.LANGUAGES}
    asked = parse_accept_lang_header(request.headers.get("accept-language", "").lower())
    return any(code.partition("-")[0] in known for code, _weight in asked)
