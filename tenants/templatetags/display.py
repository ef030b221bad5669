"""The admin's ways of showing things (tenants/display.py), for templates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import template
from django.contrib import admin
from django.db.models import Model
from django.utils.text import capfirst

from tenants import display, phone_numbers

if TYPE_CHECKING:
    from datetime import datetime

    from django.utils.safestring import SafeString

register = template.Library()


@register.filter
def phone(number: str) -> str:
    return display.phone(number)


@register.filter
def masked(number: str) -> str:
    """Show a person's number so that it can be told from others and not be dialled."""
    return phone_numbers.masked(number).replace(" ", "\u00a0")


@register.filter
def moment(at: datetime | None) -> SafeString | str:
    return display.moment(at)


@register.filter
def second(at: datetime | None) -> SafeString | str:
    """Show a moment to the second, where several fall into one minute."""
    return display.moment(at, with_seconds=True)


@register.filter
def crumb(part: object) -> str:
    """Return the words of one step of the header's path: a row as its admin heads it, else a capitalised name."""
    if not isinstance(part, Model):
        return str(capfirst(str(part)))
    heading = getattr(admin.site.get_model_admin(type(part)), "heading", str)
    return str(heading(part))


@register.simple_tag
def badge(word: str, icon: str, tone: str, title: str = "") -> SafeString:
    return display.badge(word, icon=icon, tone=tone, title=title)


@register.simple_tag
def quality(rating: str) -> SafeString | str:
    return display.quality_badge(rating)


@register.simple_tag
def free_number() -> SafeString:
    return display.free_number_badge()
