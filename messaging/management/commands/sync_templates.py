from __future__ import annotations

from messaging.management.sync_command import SyncCommand
from messaging.services.templates import sync_templates


class Command(SyncCommand):
    help = "Read the account's message templates from Meta."
    what = "Templates"
    sync = staticmethod(sync_templates)
