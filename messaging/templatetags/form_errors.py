"""Whether a form of the page came back with something wrong, whatever the page calls its forms."""

from __future__ import annotations

from django import template
from django.forms import BaseForm
from django.template import Context

register = template.Library()


@register.simple_tag(takes_context=True)
def has_form_errors(context: Context) -> bool:
    forms = (value for value in context.flatten().values() if isinstance(value, BaseForm))
    return any(form.is_bound and form.errors for form in forms)
