"""Addresses that only take a form. Whoever comes to one without it is led to the page that the form stands on.

That happens after a log-in that interrupted the form, after a change of language, and from a browser's history.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from messaging.bakery.pages import visit_of

_View = Callable[..., HttpResponseBase]
_READS = ("GET", "HEAD")


def takes_form_of(page: str, *, at: str = "", names: str = "") -> Callable[[_View], _View]:
    """Let only POST reach the view; reading leads to `page`, the name of a URL, and there to the form's place `at`.

    `names` is what of the address the page's own has too, beside the bakery. Another bakery is not found, as everywhere.
    """

    def decorate(view: _View) -> _View:
        post = require_POST(view)

        @wraps(view)
        def led(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if request.method not in _READS:
                return post(request, *args, **kwargs)
            if "slug" in kwargs:
                visit_of(request, kwargs["slug"])
            known = {name: kwargs[name] for name in ("slug", names) if name in kwargs}
            return redirect(reverse(page, kwargs=known) + (f"#{at}" if at else ""))

        return led

    return decorate
