from __future__ import annotations

from tenants.management.staff_command import StaffCommand
from tenants.models import StaffRole


class Command(StaffCommand):
    help = (
        "Make a platform admin. The password is asked for, or taken from PLATFORM_ADMIN_PASSWORD; "
        "never from the command line, where others can read it."
    )
    role = StaffRole.PLATFORM_ADMIN
