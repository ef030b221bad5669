from __future__ import annotations

from messaging.management.sync_command import SyncCommand
from messaging.services.numbers import sync_phone_numbers


class Command(SyncCommand):
    help = "Read the account's sending numbers from Meta."
    what = "Numbers"
    sync = staticmethod(sync_phone_numbers)
