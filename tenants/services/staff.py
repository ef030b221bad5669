"""The platform's own people: who may do what in the admin. Their rights stand in bakery_whatsapp/role_permissions.py."""

from __future__ import annotations

import structlog
from django.contrib.auth.models import Group
from django.contrib.auth.password_validation import validate_password
from django.db import transaction
from django.db.models import Q, QuerySet

from tenants.models import StaffRole, User

log = structlog.get_logger(__name__)


class LastPlatformAdminError(Exception):
    """Nobody could change people, accounts and keys any more."""


def create_staff(*, username: str, email: str, password: str, role: StaffRole) -> User:
    """Make a person who enters the admin. Raises ValidationError, also for a weak password."""
    user = User(username=username, email=email)
    validate_password(password, user)
    user.set_password(password)
    user.full_clean()
    with transaction.atomic():
        user.save()
        give_role(user, role)
    return user


def give_role(user: User, role: StaffRole | None) -> None:
    """Let a person enter the admin in this role, or with None not at all. A repeat changes nothing.

    Raises LastPlatformAdminError rather than taking the role from the last one who has it.
    """
    with transaction.atomic():
        if role is not StaffRole.PLATFORM_ADMIN and is_last_platform_admin(user):
            raise LastPlatformAdminError
        if user.staff_role is role and user.is_staff == (role is not None):
            return
        user.is_staff = role is not None
        user.is_superuser = False
        user.save(update_fields=["is_staff", "is_superuser"])
        user.groups.remove(*Group.objects.filter(name__in=StaffRole.values))
        if role is not None:
            user.groups.add(Group.objects.get(name=role))
    log.info("Role at the platform given", user_id=user.pk, role=role)


def platform_admins() -> QuerySet[User]:
    may_all = Q(is_superuser=True) | Q(groups__name=StaffRole.PLATFORM_ADMIN)
    return User.objects.filter(may_all, is_staff=True, is_active=True).distinct()


def is_last_platform_admin(user: User) -> bool:
    """Whether nobody else could undo what is done to this person."""
    admins = list(platform_admins().values_list("pk", flat=True)[:2])
    return admins == [user.pk]
