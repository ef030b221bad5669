from __future__ import annotations

from collections.abc import Callable
from typing import Any

from csp.constants import NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE
from csp.decorators import csp_replace
from django.http import HttpResponse
from unfold.sites import UnfoldAdminSite

# unfold's Alpine components evaluate expressions and style inline; only the staff's admin gets that much.
_ADMIN_POLICY = {
    "default-src": [SELF],
    "script-src": [SELF, UNSAFE_INLINE, UNSAFE_EVAL],
    "style-src": [SELF, UNSAFE_INLINE],
    "img-src": [SELF, "data:"],
    "object-src": [NONE],
    "base-uri": [NONE],
    "form-action": [SELF],
    "frame-ancestors": [NONE],
}


class BakeryAdminSite(UnfoldAdminSite):
    """The platform staff's workplace. Bakeries never enter it: that takes `is_staff`."""

    def admin_view(self, view: Callable[..., HttpResponse], cacheable: bool = False) -> Callable[..., HttpResponse]:
        wrapped: Any = csp_replace(_ADMIN_POLICY)(super().admin_view(view, cacheable))
        return wrapped
