from __future__ import annotations

from django import template
from django.conf import settings
from django.utils.translation import get_language

from tenants.languages import own_name

register = template.Library()


@register.simple_tag
def other_languages() -> list[tuple[str, str]]:
    """The languages that the page could be read in instead, each with what it calls itself."""
    here = get_language()
    return [(code, own_name(code)) for code, _name in settings.LANGUAGES if code != here]
