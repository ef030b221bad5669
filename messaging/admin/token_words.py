"""The five stages of a token's change in words: what is true now, since when, and who did it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from messaging.models.token_rotation import fingerprint_of
from tenants.display import BAD, BUSY, CAUTION, GOOD, NEUTRAL, clock

if TYPE_CHECKING:
    from messaging.models import TokenRotation
    from messaging.services.token_rotation import Situation
    from tenants.models import User


# Tokens of the system user last 60 days or for ever; one that ends sooner was generated a while ago.
EARLY_END = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage: its name, its state in a word with icon and tone, a sentence, who and when."""

    title: str
    word: str
    icon: str
    tone: str
    note: str = ""
    who: str = ""
    at: datetime | None = None


def stages_of(situation: Situation, *, is_refused: bool = False) -> list[Stage]:
    """Return the stages of the newest change; `is_refused` says that Meta refused a token pasted just now."""
    rotation = None if is_refused else situation.rotation
    return [
        _pasted(rotation, is_refused=is_refused),
        _verified(rotation, is_refused=is_refused),
        _in_service(rotation, situation),
        _grace(rotation, situation),
        _refused(rotation, situation),
    ]


def _pasted(rotation: TokenRotation | None, *, is_refused: bool) -> Stage:
    title = _("Paste")
    if rotation is None:
        word = _("done") if is_refused else _("next")
        icon, tone = ("check_circle", GOOD) if is_refused else ("arrow_circle_right", BUSY)
        note = "" if is_refused else _("Generate a token at Meta and paste it below.")
        return Stage(title, word, icon, tone, note)
    note = _("An earlier token was taken again.") if rotation.is_return else ""
    return _done(title, note, by=rotation.pasted_by, at=rotation.pasted_at)


def _verified(rotation: TokenRotation | None, *, is_refused: bool) -> Stage:
    title = _("Verified by Meta")
    if is_refused:
        return Stage(title, _("refused"), "cancel", BAD, _("What is wrong stands below."))
    if rotation is None:
        return _waiting(title, _("Kind, end, permissions, and every number is read with it."))
    numbers = rotation.facts.get("numbers", 0)
    read = ngettext("It reads %(count)d number.", "It reads all %(count)d numbers.", numbers)
    return _done(title, read % {"count": numbers}, at=rotation.pasted_at)


def _in_service(rotation: TokenRotation | None, situation: Situation) -> Stage:
    title = _("In service")
    if rotation is None:
        return _waiting(title, _("Workers use it from the next message on; nothing is restarted."))
    if rotation.promoted_at is None:
        return Stage(title, _("next"), "arrow_circle_right", BUSY, _("Put it into service below."))
    if situation.is_refused_now:
        if situation.is_old_kept:
            note = _("Meta refuses it, so sending has stopped. Go back, or paste another one.")
        else:
            note = _("Meta refuses it, so sending has stopped. Paste another one.")
        return Stage(title, _("refused"), "cancel", BAD, note)
    note = _("Messages are sent with it.")
    return _done(title, note, by=rotation.promoted_by, at=rotation.promoted_at)


def _grace(rotation: TokenRotation | None, situation: Situation) -> Stage:
    title = _("The old one is kept")
    if rotation is None or rotation.promoted_at is None:
        return _waiting(title, _("For a while one can go back to it with a click."))
    if not rotation.old_fingerprint:
        return Stage(title, _("not needed"), "remove", NEUTRAL, _("There was none before."))
    if rotation.refused_at is not None:
        return _done(title, _("Its time is over."), at=rotation.refused_at)
    until = situation.account.previous_token_until
    if until is None:
        return Stage(title, _("not kept"), "remove", NEUTRAL)
    if until > timezone.now():
        end = clock(until)
        note = _("Until %(end)s; until then one can go back to it.") % {"end": end}
        return Stage(title, _("running"), "hourglass_top", BUSY, note)
    return Stage(title, _("over"), "hourglass_bottom", CAUTION, _("It is being revoked."))


def _refused(rotation: TokenRotation | None, situation: Situation) -> Stage:
    title = _("Meta refuses the old one")
    if rotation is None or rotation.promoted_at is None:
        return _waiting(title, _("Meta itself is asked whether it is dead."))
    if not rotation.old_fingerprint:
        return Stage(title, _("not needed"), "remove", NEUTRAL)
    if rotation.refused_at is not None:
        note = _("Proved: Meta answers that it is no longer valid.")
        return _done(title, note, by=rotation.refused_by, at=rotation.refused_at, by_itself=True)
    if situation.is_old_still_accepted:
        note = _("Meta still accepts it. Revoke it at Meta by hand, at the system user.")
        return Stage(title, _("still accepted"), "error", BAD, note)
    return _waiting(title, _("It is revoked at the end of the grace, or now by the button."))


def _done(
    title: str, note: str, *, at: datetime | None, by: User | None = None, by_itself: bool = False
) -> Stage:
    who = by.get_username() if by is not None else _("by itself") if by_itself else ""
    return Stage(title, _("done"), "check_circle", GOOD, note, who, at)


def _waiting(title: str, note: str) -> Stage:
    return Stage(title, _("later"), "radio_button_unchecked", NEUTRAL, note)


def facts_in_words(situation: Situation) -> list[tuple[str, str]]:
    """Return what Meta says of the pasted token, else of the one in service, as labels and values; never the token."""
    candidate = situation.candidate
    if candidate is not None:
        return _facts(candidate)
    account, rotation = situation.account, situation.rotation
    known = [
        (_("fingerprint"), fingerprint_of(account.access_token) or "–"),
        (_("kind"), account.token_type or "–"),
        (_("issued"), _moment(account.token_issued_at)),
        (_("ends"), _moment(account.token_expires_at)),
        (_("last checked"), _moment(account.token_checked_at)),
    ]
    if account.token_expires_at is None and account.token_checked_at is not None:
        known[3] = (_("ends"), _("never"))
    if rotation is not None and rotation.fingerprint == fingerprint_of(account.access_token):
        known += _reach(rotation)
    return known


def early_end(rotation: TokenRotation) -> str:
    """Say it when a pasted token will not last as long as one of the system user's should; empty otherwise."""
    end = rotation.facts.get("expires_at")
    if not end or datetime.fromisoformat(end) - timezone.now() > EARLY_END:
        return ""
    text = _(
        "This token ends on %(end)s. Before that day it has to be changed again: rather generate one that lasts "
        "60 days or for ever."
    )
    return text % {"end": _moment(end)}


def _facts(rotation: TokenRotation) -> list[tuple[str, str]]:
    facts = rotation.facts
    end = _("never") if facts.get("never_expires") else _moment(facts.get("expires_at"))
    return [
        (_("fingerprint"), rotation.fingerprint),
        (_("kind"), str(facts.get("type") or "–")),
        (_("app"), " ".join(filter(None, (facts.get("application"), facts.get("app_id"))))),
        (_("issued"), _moment(facts.get("issued_at"))),
        (_("ends"), end),
        *_reach(rotation),
    ]


def _reach(rotation: TokenRotation) -> list[tuple[str, str]]:
    return [
        (_("permissions"), ", ".join(rotation.facts.get("scopes", [])) or "–"),
        (_("numbers it reads"), str(rotation.facts.get("numbers", 0))),
    ]


def _moment(at: datetime | str | None) -> str:
    if not at:
        return "–"
    known = datetime.fromisoformat(at) if isinstance(at, str) else at
    return clock(known)
