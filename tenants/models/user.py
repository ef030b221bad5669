from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _


class StaffRole(models.TextChoices):
    """What somebody of the platform may do in the admin. Each is a Django group of the same name."""

    PLATFORM_ADMIN = "platform-admin", _("Platform admin")
    SUPPORT = "support", _("Support")


class User(AbstractUser):
    """A person who logs in: platform staff (`is_staff`, with a role) or somebody of a bakery (has memberships).

    Django's own user; ours only so that a field can be added later without moving every foreign key.
    """

    @property
    def staff_role(self) -> StaffRole | None:
        """The person's role at the platform; None for bakeries' people and for staff without rights.

        Reads `groups`, so prefetch them for lists. Django's superusers, made by `createsuperuser`, count as admins.
        """
        if not self.is_staff:
            return None
        if self.is_superuser:
            return StaffRole.PLATFORM_ADMIN
        names = {group.name for group in self.groups.all()}
        return next((role for role in StaffRole if role in names), None)
