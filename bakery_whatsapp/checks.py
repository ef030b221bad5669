"""System checks of what may be set wrongly. In production the dangerous ones are Errors, and every process refuses to start."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core import checks
from django.core.exceptions import ImproperlyConfigured

ENVIRONMENTS = ("development", "test", "production")


def _is_production() -> bool:
    return settings.ENVIRONMENT not in {"development", "test"}


def _severe(message: str, *, hint: str, check_id: str) -> checks.CheckMessage:
    """An Error where it would hurt somebody, a Warning elsewhere."""
    kind = checks.Error if _is_production() else checks.Warning
    return kind(message, hint=hint, id=check_id)


def check_environment(app_configs: object, **kwargs: Any) -> list[checks.CheckMessage]:
    if settings.ENVIRONMENT in ENVIRONMENTS:
        return []
    return [
        checks.Error(
            f"ENVIRONMENT={settings.ENVIRONMENT} is unknown.",
            hint=f"Use one of {', '.join(ENVIRONMENTS)}; it is treated as production.",
            id="bakery_whatsapp.E001",
        )
    ]


def check_secrets(app_configs: object, **kwargs: Any) -> list[checks.CheckMessage]:
    found: list[checks.CheckMessage] = []
    try:
        has_secret_key = bool(settings.SECRET_KEY)
    except ImproperlyConfigured:
        has_secret_key = False
    if not has_secret_key:
        found.append(
            _severe(
                "SECRET_KEY is not set.",
                hint="Set 50 random characters.",
                check_id="bakery_whatsapp.E002",
            )
        )
    if not settings.FIELD_ENCRYPTION_KEYS:
        found.append(
            _severe(
                "FIELD_ENCRYPTION_KEYS is not set.",
                hint="Set one Fernet key or several, the newest first; .env.example says how to make one.",
                check_id="bakery_whatsapp.E003",
            )
        )
    if not settings.WHATSAPP_APP_SECRETS:
        found.append(
            _severe(
                "WHATSAPP_APP_SECRET is not set: nobody could tell Meta's webhooks from forged ones.",
                hint="Copy it from the Meta app: App settings, Basic, App secret.",
                check_id="bakery_whatsapp.E004",
            )
        )
    return found


def check_production(app_configs: object, **kwargs: Any) -> list[checks.CheckMessage]:
    found: list[checks.CheckMessage] = []
    if settings.WHATSAPP_SIMULATOR and _is_production():
        found.append(
            checks.Error(
                "WHATSAPP_SIMULATOR is on in production.",
                hint="Unset it, or set ENVIRONMENT=development.",
                id="bakery_whatsapp.E005",
            )
        )
    if settings.DEBUG and _is_production():
        found.append(
            checks.Error(
                "DEBUG is on in production.", hint="Unset DEBUG.", id="bakery_whatsapp.E006"
            )
        )
    return found


def register_all() -> None:
    for check in (check_environment, check_secrets, check_production):
        checks.register(check)


def ensure_startable() -> None:
    """Raise ImproperlyConfigured when a check of ours finds an Error. Servers and workers call it, as no `check` runs there."""
    errors = [
        message
        for message in checks.run_checks()
        if _is_ours(message) and message.is_serious(checks.ERROR)
    ]
    if errors:
        raise ImproperlyConfigured("; ".join(_sentence(error) for error in errors))


def _is_ours(message: checks.CheckMessage) -> bool:
    return str(message.id).partition(".")[0] in {"bakery_whatsapp", "tenants", "messaging"}


def _sentence(error: checks.CheckMessage) -> str:
    return f"{error.msg} {error.hint or ''}".strip()
