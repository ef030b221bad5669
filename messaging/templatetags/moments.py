"""Times as a bakery reads them: the year stands where it is not this one."""

from __future__ import annotations

from datetime import datetime

from django import template
from django.utils import timezone
from django.utils.translation import pgettext

register = template.Library()


@register.filter(expects_localtime=True)
def moment_form(at: datetime) -> str:
    """Return Django's date format for this moment: 21 Nov, 00:30; of another year 21 Nov 2025, 00:30."""
    if at.year == timezone.localtime().year:
        return pgettext("date format", "j M, H:i")
    return pgettext("date format", "j M Y, H:i")
