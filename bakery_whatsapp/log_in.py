"""Where people land after their log-in: everybody at home, and whoever sets the platform up at the set-up until it is done."""

from __future__ import annotations

from django.contrib.auth import views as auth_views
from django.http import HttpRequest
from django.urls import reverse

from messaging.services.setup.progress import was_ever_finished


class LogInView(auth_views.LoginView):
    def get_success_url(self) -> str:
        return landing(self.request, super().get_success_url())


def landing(request: HttpRequest, wished: str) -> str:
    """Return where to go; who asked for a certain page gets that one."""
    if wished not in (reverse("home"), reverse("admin:index")):
        return wished
    if not request.user.has_perm("messaging.change_setupcheck") or was_ever_finished():
        return wished
    return reverse("admin:messaging_setupcheck_changelist")
