from __future__ import annotations

from django.apps import AppConfig
from django.conf import settings
from django.contrib.admin.apps import AdminConfig


class BakeryWhatsAppConfig(AppConfig):
    name = "bakery_whatsapp"

    def ready(self) -> None:
        from bakery_whatsapp import checks, logs

        logs.configure(settings.LOGGING)
        checks.register_all()


class BakeryAdminConfig(AdminConfig):
    default_site = "bakery_whatsapp.admin_site.BakeryAdminSite"
