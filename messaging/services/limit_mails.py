"""Telling a bakery's owners that its monthly limit is near: one mail a month at most."""

from __future__ import annotations

from functools import partial
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from messaging import money
from messaging.models import MailKind
from messaging.services import mails
from messaging.services.caps import MonthUse, month_use
from messaging.services.letters import Letter, site_url
from tenants.models import Membership, Tenant


def tell_of_near_limits() -> int:
    """Write to the owners of each bakery that has used four fifths of its month; return how many mails."""
    limited = Tenant.objects.filter(
        Q(monthly_cap__isnull=False) | Q(own_monthly_limit__isnull=False), whatsapp_enabled=True
    )
    written = 0
    for tenant in limited.order_by("id"):
        use = month_use(tenant)
        if use is not None and use.is_near:
            written += _tell(tenant, use)
    return written


def _tell(tenant: Tenant, use: MonthUse) -> int:
    month = timezone.now().astimezone(ZoneInfo(tenant.time_zone)).strftime("%Y-%m")
    owners = Membership.objects.of(tenant).filter(role=Membership.Role.OWNER)
    reachable = owners.filter(user__is_active=True).exclude(user__email="").select_related("user")
    return sum(
        mails.write(
            MailKind.LIMIT_NEAR,
            occasion=f"limit:{month}",
            to=owner.user,
            tenant=tenant,
            letter=partial(_letter, tenant, use),
        )
        for owner in reachable.order_by("id")
    )


def _letter(tenant: Tenant, use: MonthUse) -> Letter:
    used = {"used": money.number(use.used), "limit": money.number(use.limit)}
    return Letter(
        subject=_("%(bakery)s: the monthly limit of notices is near") % {"bakery": tenant.name},
        paragraphs=(
            _("%(used)s of the %(limit)s notices of this month are used.") % used,
            _(
                "At the limit what comes after waits for the next month. You can change the limit in the settings."
            ),
        ),
        links=((_("Settings"), site_url(reverse("bakery_settings", args=[tenant.slug]))),),
        reason=_("You get this mail, once a month at most, because this is your bakery."),
    )
