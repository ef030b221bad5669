"""The bakery's pages. Each view reads its input, makes one call into a service and puts the answer into words.

No page is cached: phones are lent, and "back" must not show what belonged to somebody who has logged out.
"""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from messaging.bakery import words
from messaging.bakery.forms import SwitchForm
from messaging.models import Message
from messaging.services import overview, switching
from messaging.services.inbound_words import words_of
from tenants.models import Tenant, User
from tenants.phone_numbers import formatted


@never_cache
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Lead everybody to their own place."""
    user = _user(request)
    if user.is_staff:
        return redirect("admin:index")
    bakeries = list(Tenant.objects.visible_to(user).by_name())
    if len(bakeries) == 1:
        return redirect("bakery_settings", slug=bakeries[0].slug)
    return render(request, "messaging/bakery/choose.html", {"bakeries": bakeries})


@never_cache
@require_safe
def settings_page(request: HttpRequest, slug: str) -> HttpResponse:
    tenant = _tenant(request, slug)
    only = _group(request.GET.get("show", ""))
    seen = overview.overview_of(tenant, user=_user(request), only=only)
    blocking = seen.obstacle_to_switching_on
    context = {
        "tenant": tenant,
        "overview": seen,
        "sender_phone": formatted(seen.sender.display_phone_number) if seen.sender else "",
        "notices": [words.notice_for(obstacle) for obstacle in seen.obstacles],
        "blocking": words.notice_for(blocking) if blocking else None,
        "last_sent_ago": words.ago(seen.last_sent_at) if seen.last_sent_at else "",
        "counts": [(group, seen.today[group], words.COUNTED[group]) for group in overview.Group],
        "failed_today": seen.today[overview.Group.FAILED],
        "lines": [
            words.line_for(message, language=get_language() or "", blocked=seen.blocked)
            for message in seen.messages
        ],
        "only": words.COUNTED[only] if only else None,
    }
    return render(request, "messaging/bakery/settings.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def switch(request: HttpRequest, slug: str) -> HttpResponse:
    """POST turns the switch. GET asks what becomes of the waiting messages, when there are any."""
    tenant = _tenant(request, slug)
    if request.method == "POST":
        return _turn(request, tenant)
    waiting = switching.waiting_count(tenant)
    if not (waiting and tenant.whatsapp_enabled and switching.may_switch(_user(request), tenant)):
        return redirect("bakery_settings", slug=slug)
    return render(
        request, "messaging/bakery/switch_off.html", {"tenant": tenant, "waiting": waiting}
    )


@never_cache
@require_safe
def message_page(request: HttpRequest, slug: str, message_id: uuid.UUID) -> HttpResponse:
    tenant = _tenant(request, slug)
    user = _user(request)
    owned = (
        Message.objects.visible_to(user)
        .of(tenant)
        .select_related("tenant", "template", "phone_number")
    )
    message = get_object_or_404(owned, pk=message_id)
    story = overview.story_of(message, user=user)
    context = {
        "tenant": tenant,
        "line": words.line_for(message, language=get_language() or "", blocked=story.blocked),
        "steps": [(words.HAPPENED[event.kind], event.at) for event in story.events],
        "replies": [(words_of(reply), reply) for reply in story.replies],
    }
    return render(request, "messaging/bakery/message.html", context)


def _turn(request: HttpRequest, tenant: Tenant) -> HttpResponse:
    form = SwitchForm(request.POST)
    if not form.is_valid():
        raise BadRequest("Not a form of ours.")
    try:
        if form.wants_on:
            switching.switch_on(tenant, by=_user(request))
            messages.success(request, _("WhatsApp notices are on: the next order will be sent."))
        else:
            cancelled = switching.switch_off(tenant, by=_user(request), waiting=form.waiting_choice)
            messages.success(request, _switched_off(cancelled))
    except switching.NotOwnerError:
        raise PermissionDenied(
            _("Only the owner of the bakery turns the notices on and off. Ask them to do it.")
        ) from None
    except switching.MessagesWaitingError:
        return redirect("bakery_switch", slug=tenant.slug)
    except switching.CannotSwitchOnError as error:
        notice = words.notice_for(error.obstacle)
        messages.error(request, f"{notice.title} {notice.action}")
    return redirect("bakery_settings", slug=tenant.slug)


def _switched_off(cancelled: int) -> str:
    off = _("WhatsApp notices are off: nothing new will be sent.")
    if not cancelled:
        return off
    also = ngettext(
        "%(count)d waiting notice was cancelled.",
        "%(count)d waiting notices were cancelled.",
        cancelled,
    )
    return f"{off} {also % {'count': cancelled}}"


def _user(request: HttpRequest) -> User:
    """The person who is logged in; LoginRequiredMiddleware has seen to that."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def _tenant(request: HttpRequest, slug: str) -> Tenant:
    """Somebody else's bakery is not found, as one that does not exist."""
    return get_object_or_404(Tenant.objects.visible_to(request.user), slug=slug)


def _group(name: str) -> overview.Group | None:
    return overview.Group(name) if name in set(overview.Group) else None
