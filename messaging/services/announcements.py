"""The guide's "inform bakeries": a mail to chosen owners, each in their language, once, and on record."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Max
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from messaging.models import Announcement, Mail, MailKind
from messaging.services import mails
from messaging.services.letters import Letter, site_url
from tenants.models import Membership, PhoneNumberAssignment, User

log = structlog.get_logger(__name__)


# What one language's mail says: `subject` and `text`.
Words = dict[str, str]


class NobodyChosenError(Exception):
    """No owner with an e-mail address was chosen."""


class AnnouncedAlreadyError(Exception):
    """The form was sent before, with other words or to others; `announcement` is what went out then."""

    def __init__(self, announcement: Announcement) -> None:
        super().__init__(str(announcement))
        self.announcement = announcement


class EmptyWordsError(Exception):
    """A language lacks its subject or its text; `language` is its code."""

    def __init__(self, language: str) -> None:
        super().__init__(language)
        self.language = language


@dataclass(frozen=True, slots=True)
class Owner:
    """Somebody who owns bakeries. `has_number` when one of them sends from a number of its own, `uses_whatsapp` when all are switched on."""

    user: User
    language: str
    informed_at: datetime | None
    has_number: bool
    uses_whatsapp: bool
    bakeries: list[str] = field(default_factory=list)

    @property
    def can_be_told(self) -> bool:
        return bool(self.user.email) and self.user.is_active

    @property
    def is_preselected(self) -> bool:
        is_new = self.informed_at is None and not self.uses_whatsapp
        return self.can_be_told and self.has_number and is_new


def owners() -> list[Owner]:
    """Return all owners of bakeries by the names of these; four queries."""
    informed = dict(
        Mail.objects.filter(kind=MailKind.ANNOUNCEMENT)
        .values_list("user")
        .annotate(last=Max("created_at"))
    )
    numbered = set(
        PhoneNumberAssignment.objects.open().values_list("tenant_id", flat=True).distinct()
    )
    by_user: defaultdict[User, list[Membership]] = defaultdict(list)
    owning = Membership.objects.filter(role=Membership.Role.OWNER).select_related("user", "tenant")
    for membership in owning.order_by("tenant__name", "id"):
        by_user[membership.user].append(membership)
    return [
        Owner(
            user=user,
            language=memberships[0].tenant.language,
            informed_at=informed.get(user.pk),
            has_number=any(each.tenant_id in numbered for each in memberships),
            uses_whatsapp=all(each.tenant.whatsapp_enabled for each in memberships),
            bakeries=[each.tenant.name for each in memberships],
        )
        for user, memberships in by_user.items()
    ]


def copy_of_ours() -> dict[str, Words]:
    """Return the guide's words in every language of the product, Spanish first, to be changed before they are sent."""
    words: dict[str, Words] = {}
    codes = [code for code, _name in settings.LANGUAGES]
    for code in sorted(codes, key=lambda code: code != settings.LANGUAGE_CODE):
        with translation.override(code):
            words[code] = {"subject": _subject(), "text": _text()}
    return words


def _subject() -> str:
    return _("WhatsApp notices are now available")


def _text() -> str:
    return "\n\n".join(
        (
            _("Hello:"),
            _("From now on your suppliers can get your orders by WhatsApp."),
            _("To begin, open your page and switch on “WhatsApp notices”. That is all."),
            _(
                "You do not have to configure anything, and nothing is sent while the switch is off."
            ),
            _("If anything is unclear, ask us."),
        )
    )


def letter_in(words: Mapping[str, str], language: str) -> Letter:
    """Return the mail as it will look. Raises EmptyWordsError."""
    # One line: a mail's subject has no other, and a form may be sent by something that is no browser.
    subject, text = " ".join(words.get("subject", "").split()), words.get("text", "").strip()
    if not (subject and text):
        raise EmptyWordsError(language)
    with translation.override(language):
        return Letter(
            subject=subject,
            paragraphs=tuple(part.strip() for part in text.split("\n\n") if part.strip()),
            links=((_("Open my page"), site_url(reverse("home"))),),
            reason=_("You get this mail because you own a bakery on our platform."),
        )


def chosen_among(users: Collection[int]) -> list[Owner]:
    """Return the owners among these (primary keys) who can be written to. Raises NobodyChosenError."""
    chosen = [owner for owner in owners() if owner.user.pk in users and owner.can_be_told]
    if not chosen:
        raise NobodyChosenError
    return chosen


def announce(
    texts: Mapping[str, Words], *, to: Collection[int], by: int, key: uuid.UUID
) -> Announcement:
    """Write the mails to these owners (primary keys of users); a worker sends them one by one.

    The same key announces once: a repeat returns what was announced before. Raises NobodyChosenError, EmptyWordsError
    and AnnouncedAlreadyError.
    """
    letters = {code: letter_in(words, code) for code, words in texts.items()}
    chosen = chosen_among(to)
    with transaction.atomic():
        announcement, created = Announcement.objects.get_or_create(
            key=key, defaults={"texts": dict(texts), "sent_by_id": by}
        )
        if created:
            for owner in chosen:
                language = owner.language if owner.language in letters else settings.LANGUAGE_CODE
                mails.write(
                    MailKind.ANNOUNCEMENT,
                    occasion=announcement.occasion,
                    to=owner.user,
                    letter=partial(letters.__getitem__, language),
                )
    told = set(announcement.mails.values_list("user", flat=True))
    if announcement.texts != dict(texts) or told != {owner.user.pk for owner in chosen}:
        raise AnnouncedAlreadyError(announcement)
    if created:
        log.info("Announcement sent", announcement_id=announcement.pk, owners=len(chosen))
    return announcement


def send_failed_again(announcement: Announcement) -> int:
    """Return how many of its mails are tried once more."""
    return mails.send_again(announcement.mails)
