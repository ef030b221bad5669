"""WhatsApp's own marks in a text: *bold*, _italic_, ~struck~, ```fixed```."""

from __future__ import annotations

import re

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

register = template.Library()

# Each stands around text that neither begins nor ends in space.
_MARKS = (
    (re.compile(r"```(.+?)```", re.DOTALL), r"<code>\1</code>"),
    (re.compile(r"(?<![\w*])\*(\S(?:[^*\n]*\S)?)\*(?![\w*])"), r"<strong>\1</strong>"),
    (re.compile(r"(?<![\w_])_(\S(?:[^_\n]*\S)?)_(?![\w_])"), r"<em>\1</em>"),
    (re.compile(r"(?<![\w~])~(\S(?:[^~\n]*\S)?)~(?![\w~])"), r"<s>\1</s>"),
)


@register.filter
def whatsapp_text(text: str) -> SafeString:
    """Return `text` escaped and marked as WhatsApp shows it."""
    safe = str(escape(text))
    for pattern, replacement in _MARKS:
        safe = pattern.sub(replacement, safe)
    return mark_safe(safe)  # noqa: S308 (escaped above, only our own tags are added)
