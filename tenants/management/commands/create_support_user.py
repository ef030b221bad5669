from __future__ import annotations

from tenants.management.staff_command import StaffCommand
from tenants.models import StaffRole


class Command(StaffCommand):
    help = (
        "Make a person of the support, who reads everything but secrets and sends messages again. The password is "
        "asked for, or taken from PLATFORM_ADMIN_PASSWORD."
    )
    role = StaffRole.SUPPORT
