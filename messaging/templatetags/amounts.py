"""Counts and sums as the reader's language writes them."""

from __future__ import annotations

from django import template

from messaging import money

register = template.Library()


@register.filter
def amount(count: int) -> str:
    return money.number(count)
