"""Whether a form of the page came back with something wrong, whatever the page calls its forms."""

from __future__ import annotations

from django import template
from django.forms import BaseForm
from django.template import Context

register = template.Library()


@register.simple_tag(takes_context=True)
def has_form_errors(context: Context) -> bool:
    shown: dict[str, object] = {}
    for layer in context.dicts:
        shown |= {str(name): value for name, value in layer.items()}
    return any(isinstance(form, BaseForm) and bool(form.errors) for form in shown.values())
