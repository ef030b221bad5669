"""The proof of delivery of one order: for the bakery as a page and a PDF, for others by a signed link."""

from __future__ import annotations

import re
import uuid

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from messaging.bakery.pages import Visit, render_page, visit_of
from messaging.bakery.permissions import require_owner
from messaging.bakery.posting import takes_form_of
from messaging.bakery.proof_pdf import pdf_of
from messaging.bakery.proof_words import words_for
from messaging.models import ProofLink
from messaging.services import proofs
from messaging.services.letters import site_url
from messaging.services.proofs import LinkEndedError, Proof, UnknownLinkError

_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9._-]+")


@never_cache
@require_safe
def proof_page(request: HttpRequest, slug: str) -> HttpResponse:
    visit = visit_of(request, slug)
    proof = _proof(visit, request.GET.get("order", ""))
    links = proofs.links_to(visit.tenant, proof.reference)
    context = {
        "proof": words_for(proof, is_whole=True),
        "links": [(link, _address(link)) for link in links] if visit.is_owner else [],
        "needs_link": proofs.needs_link(links),
    }
    return render_page(request, visit, "messaging/bakery/proof.html", context)


@never_cache
@require_safe
def proof_file(request: HttpRequest, slug: str) -> HttpResponse:
    visit = visit_of(request, slug)
    proof = _proof(visit, request.GET.get("order", ""))
    response = HttpResponse(pdf_of(words_for(proof, is_whole=True)), content_type="application/pdf")
    name, order = _("proof"), _NOT_IN_A_NAME.sub("-", proof.reference)
    response["Content-Disposition"] = f'attachment; filename="{name}-{order}.pdf"'
    return response


@never_cache
@takes_form_of("bakery_messages")
def make_proof_link(request: HttpRequest, slug: str) -> HttpResponse:
    visit = visit_of(request, slug)
    require_owner(visit)
    proof = _proof(visit, request.POST.get("order", ""))
    proofs.make_link(proof, by=visit.user)
    messages.success(request, _("Here is the link. Whoever has it can see this proof."))
    return redirect(_page_of(visit, proof.reference))


@never_cache
@takes_form_of("bakery_messages")
def revoke_proof_link(request: HttpRequest, slug: str, link_id: uuid.UUID) -> HttpResponse:
    visit = visit_of(request, slug)
    require_owner(visit)
    mine = ProofLink.objects.visible_to(visit.user).of(visit.tenant)
    link = get_object_or_404(mine, pk=link_id)
    proofs.revoke(link, by=visit.user)
    messages.success(request, _("The link opens nothing any more."))
    return redirect(_page_of(visit, link.reference))


@never_cache
@login_not_required
@require_safe
def shared_proof(request: HttpRequest, token: str) -> HttpResponse:
    """What somebody without a log-in sees who was given the link: the steps, and of the number only its ends."""
    try:
        proof = proofs.opened_with(token)
    except UnknownLinkError:
        raise Http404 from None
    except LinkEndedError:
        response = render(request, "messaging/bakery/proof_ended.html", status=410)
    else:
        context = {"proof": words_for(proof, is_whole=False)}
        response = render(request, "messaging/bakery/proof_shared.html", context)
    response["X-Robots-Tag"] = "noindex, nofollow"
    # The address is the key: no other page may learn it.
    response["Referrer-Policy"] = "no-referrer"
    return response


def _proof(visit: Visit, order: str) -> Proof:
    proof = proofs.proof_of(visit.tenant, order.replace("\x00", "").strip())
    if proof is None:
        raise Http404
    return proof


def _page_of(visit: Visit, order: str) -> str:
    return reverse("bakery_proof", args=[visit.tenant.slug], query={"order": order})


def _address(link: ProofLink) -> str:
    return site_url(reverse("shared_proof", args=[proofs.token_of(link)]))
