"""The admin's ways of showing things (tenants/display.py), for templates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import template

from tenants import display

if TYPE_CHECKING:
    from datetime import datetime

    from django.utils.safestring import SafeString

register = template.Library()


@register.filter
def phone(number: str) -> str:
    return display.phone(number)


@register.filter
def moment(at: datetime | None) -> SafeString | str:
    return display.moment(at)


@register.simple_tag
def badge(word: str, icon: str, tone: str, title: str = "") -> SafeString:
    return display.badge(word, icon=icon, tone=tone, title=title)
