from __future__ import annotations

from django.contrib.auth.models import AbstractUser


class User(AbstractUser):
    """A person who logs in: platform staff (`is_staff`) or somebody of a bakery (has memberships).

    Django's own user; ours only so that a field can be added later without moving every foreign key.
    """
