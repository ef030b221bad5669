from __future__ import annotations

from django.apps import AppConfig
from django.conf import settings
from django.contrib.admin.apps import AdminConfig


class BakeryWhatsAppConfig(AppConfig):
    name = "bakery_whatsapp"

    def ready(self) -> None:
        from bakery_whatsapp import audit, checks, logs, role_permissions
        from bakery_whatsapp.second_factor_gate import ask_after_log_in
        from tenants.lockout import log_lock_outs
        from tenants.services.log_ins import note_log_ins

        logs.configure(settings.LOGGING)
        checks.register_all()
        role_permissions.synchronise_after_migrate()
        audit.log_changes()
        log_lock_outs()
        note_log_ins()
        ask_after_log_in()


class BakeryAdminConfig(AdminConfig):
    default_site = "bakery_whatsapp.admin_site.BakeryAdminSite"
