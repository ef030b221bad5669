"""Text kept encrypted in the database."""

from __future__ import annotations

from functools import cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper


class UndecryptableError(Exception):
    """None of FIELD_ENCRYPTION_KEYS opens a stored secret: a key was removed too early."""


@cache
def _fernet(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def fernet() -> MultiFernet:
    """Encrypt with the first of FIELD_ENCRYPTION_KEYS, decrypt with any of them."""
    if not settings.FIELD_ENCRYPTION_KEYS:
        raise ImproperlyConfigured(
            "Set FIELD_ENCRYPTION_KEYS: secrets are never stored in the clear."
        )
    return _fernet(tuple(settings.FIELD_ENCRYPTION_KEYS))


class EncryptedTextField(models.TextField):  # type: ignore[type-arg]  # generic only in the stubs
    """A text column holding a Fernet token; empty stays empty. Cannot be searched, on purpose."""

    def from_db_value(
        self, value: str | None, expression: object, connection: BaseDatabaseWrapper
    ) -> str | None:
        if not value:
            return value
        try:
            return fernet().decrypt(value.encode()).decode()
        except InvalidToken as error:
            raise UndecryptableError(
                f"{self.model.__name__}.{self.name} opens with no FIELD_ENCRYPTION_KEYS"
            ) from error

    def get_db_prep_save(self, value: Any, connection: BaseDatabaseWrapper) -> Any:
        if not value or not isinstance(value, str):
            return super().get_db_prep_save(value, connection)
        return fernet().encrypt(value.encode()).decode()
