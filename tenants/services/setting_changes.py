"""Who changed what of a bakery's settings, and when."""

from __future__ import annotations

from datetime import time

from tenants.models import SettingChange, Tenant, User

ON, OFF = "on", "off"


def note(
    tenant: Tenant,
    what: SettingChange.What,
    *,
    before: str,
    after: str,
    by: User | str,
    subject: str = "",
) -> None:
    """Keep a change; nothing where nothing changed. Call it in the transaction that changes the setting.

    `by` is a person, or the label of the key or command that did it.
    """
    if before == after:
        return
    SettingChange.objects.create(
        tenant=tenant,
        what=what,
        subject=subject,
        before=before,
        after=after,
        changed_by=by if isinstance(by, User) else None,
        changed_by_name=by if isinstance(by, str) else by.get_full_name() or by.get_username(),
    )


def note_differences(before: Tenant, after: Tenant, *, by: User) -> None:
    """Keep what differs between a bakery as it was and as it is."""
    for what, words in _READ.items():
        note(after, what, before=words(before), after=words(after), by=by)


def on_or_off(is_on: bool) -> str:
    return ON if is_on else OFF


def _quiet_hours(tenant: Tenant) -> str:
    start, until = tenant.quiet_from, tenant.quiet_until
    return "" if start is None or until is None else f"{_clock(start)}-{_clock(until)}"


def _clock(at: time) -> str:
    return at.strftime("%H:%M")


def _monthly_limit(tenant: Tenant) -> str:
    return "" if tenant.own_monthly_limit is None else str(tenant.own_monthly_limit)


_READ = {
    SettingChange.What.SWITCH: lambda tenant: on_or_off(tenant.whatsapp_enabled),
    SettingChange.What.QUIET_HOURS: _quiet_hours,
    SettingChange.What.MONTHLY_LIMIT: _monthly_limit,
}
