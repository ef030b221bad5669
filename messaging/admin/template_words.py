"""Words for templates: what a status means and what to do, why Meta rejected one, what changed, why it cannot be edited."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from messaging.models import TemplateChangeKind
from messaging.services.template_rules import CannotEdit, EditObstacle
from tenants.display import clock

if TYPE_CHECKING:
    from datetime import datetime

    from django_stubs_ext import StrOrPromise

    from messaging.models import MessageTemplate, TemplateChange

# Source: Cloud API, Templates (status list, template management), read 2026-11-22.
_STATUS: dict[str, tuple[StrOrPromise, StrOrPromise]] = {
    "APPROVED": (gettext_lazy("Meta approved it; it can be sent."), ""),
    "PENDING": (
        gettext_lazy("Meta is reviewing it; it cannot be sent yet."),
        gettext_lazy(
            "Wait: mostly minutes, at most a day. The result arrives by itself. It cannot be edited meanwhile."
        ),
    ),
    "REJECTED": (
        gettext_lazy("Meta rejected it; it cannot be sent."),
        gettext_lazy("Mend the cause and submit it again, as often as needed."),
    ),
    "IN_APPEAL": (
        gettext_lazy("Meta looks at its rejection again; it cannot be sent yet."),
        gettext_lazy("Wait for Meta's answer; it can take some days."),
    ),
    "PAUSED": (
        gettext_lazy(
            "Meta paused it, because recipients complained or because it is being watched."
        ),
        gettext_lazy(
            "Its messages wait. The first pause ends after 3 hours, the second after 6; a third disables it. Look at who receives it and make the text clearer."
        ),
    ),
    "DISABLED": (
        gettext_lazy("Meta disabled it for good."),
        gettext_lazy(
            "It can be neither edited nor deleted. Submit a new one under another name and have the callers use that."
        ),
    ),
    "PENDING_DELETION": (
        gettext_lazy("Meta is deleting it; it cannot be sent."),
        gettext_lazy("Have its callers use another template."),
    ),
    "DELETED": (
        gettext_lazy("It is no longer at Meta; it cannot be sent."),
        gettext_lazy("Have its callers use another template. Its name is blocked for 30 days."),
    ),
    "LIMIT_EXCEEDED": (
        gettext_lazy("The account has more templates than Meta allows."),
        gettext_lazy("Delete templates nobody uses, or verify the business to be allowed more."),
    ),
    "ARCHIVED": (
        gettext_lazy("Nobody used it for 12 months, so Meta archived it."),
        gettext_lazy(
            "Meta deletes it 28 days later. Take it out of the archive in WhatsApp Manager."
        ),
    ),
    "FLAGGED": (
        gettext_lazy("Meta warns that its quality is low."),
        gettext_lazy("Look at who receives it; Meta disables it if nothing changes."),
    ),
    "LOCKED": (
        gettext_lazy("Meta locked it; it cannot be sent or changed."),
        gettext_lazy("Look at it in WhatsApp Manager."),
    ),
}
_UNKNOWN: tuple[StrOrPromise, StrOrPromise] = (
    gettext_lazy("Meta calls it by a word we do not know, so it is not sent."),
    gettext_lazy("Look at it in WhatsApp Manager."),
)
# Source: Cloud API, Templates (rejected_reason), read 2026-11-22; the guide's "Template rejected".
_REJECTED: dict[str, tuple[StrOrPromise, StrOrPromise]] = {
    "ABUSIVE_CONTENT": (
        gettext_lazy("Meta reads a threat or an insult in it."),
        gettext_lazy("Write it in a neutral tone, without pressure or threats."),
    ),
    "CATEGORY_NOT_AVAILABLE": (
        gettext_lazy("Meta does not offer this category to the account."),
        gettext_lazy("Choose another category and submit it again."),
    ),
    "INCORRECT_CATEGORY": (
        gettext_lazy("Its text does not belong to the category it was submitted in."),
        gettext_lazy(
            "Remove what advertises (offer, sale, discount) or submit it as MARKETING, which costs more."
        ),
    ),
    "INVALID_FORMAT": (
        gettext_lazy("Placeholders or layout are not as Meta wants them."),
        gettext_lazy(
            "Number the placeholders {{1}}, {{2}}, {{3}} with words between them and around them, and give good examples."
        ),
    ),
    "PROMOTIONAL": (
        gettext_lazy("Meta reads advertising in a utility template."),
        gettext_lazy(
            "Remove words like offer, sale and discount, or submit it as MARKETING, which costs more."
        ),
    ),
    "SCAM": (
        gettext_lazy("Meta takes it for an attempt to deceive."),
        gettext_lazy(
            "Say who writes and why, use your own web address, and ask for no personal data."
        ),
    ),
    "TAG_CONTENT_MISMATCH": (
        gettext_lazy("Language or category do not match the text; its purpose is unclear."),
        gettext_lazy(
            "Write the whole text in the chosen language and say plainly which order or process it is about."
        ),
    ),
}
_REJECTED_OTHERWISE: tuple[StrOrPromise, StrOrPromise] = (
    gettext_lazy("Meta gives a reason we do not know."),
    gettext_lazy("Look at it in WhatsApp Manager, mend the text and submit it again."),
)
_OBSTACLES: dict[EditObstacle, StrOrPromise] = {
    EditObstacle.GONE: gettext_lazy("It is no longer at Meta. Write a new one under another name."),
    EditObstacle.STATUS: gettext_lazy(
        "Meta lets nobody edit it in this state: only approved, rejected and paused templates can be edited."
    ),
    EditObstacle.EDITED_TODAY: gettext_lazy(
        "Meta allows one edit in 24 hours of an approved template. It can be edited again from %(until)s."
    ),
    EditObstacle.EDITED_OFTEN: gettext_lazy(
        "Meta allows ten edits in 30 days of an approved template. It can be edited again from %(until)s."
    ),
    EditObstacle.NO_ID: gettext_lazy("Its id at Meta is not known yet. Sync from Meta first."),
}


def status_words(template: MessageTemplate) -> tuple[str, str]:
    """Return what Meta's status means and what to do; the second is empty while nothing has to be done."""
    what, to_do = _STATUS.get(template.status, _UNKNOWN)
    return str(what), str(to_do)


def to_do_words(status: str) -> str:
    return str(_STATUS.get(status, _UNKNOWN)[1])


def rejection_words(reason: str) -> tuple[str, str] | None:
    """Return why Meta rejected it and what to do; None without a reason."""
    if reason in {"", "NONE"}:
        return None
    what, to_do = _REJECTED.get(reason, _REJECTED_OTHERWISE)
    return str(what), str(to_do)


def obstacle_words(obstacle: CannotEdit) -> str:
    words = str(_OBSTACLES[obstacle.why])
    return words % {"until": day_and_time(obstacle.until)} if obstacle.until else words


def day_and_time(at: datetime) -> str:
    return clock(at)


def effect_words(change: TemplateChange) -> str:
    """Say what a change at Meta means for whoever sends the template."""
    match change.kind:
        case TemplateChangeKind.CATEGORY:
            return _category_effect(change)
        case TemplateChangeKind.ANNOUNCED:
            return _(
                "Meta changes it about a day after announcing it, and the price with it. Ask for a review in WhatsApp Manager, or change the text."
            )
        case TemplateChangeKind.VARIABLES:
            return _(
                "Callers that send the old values are refused (422). Have them send the new ones."
            )
        case TemplateChangeKind.TEXT:
            return _(
                "Recipients read the new text from now on. Check that it still says what it should."
            )
        case TemplateChangeKind.QUALITY:
            return _(
                "Recipients block or report it. If it falls further, Meta pauses it and its messages wait."
            )
        case TemplateChangeKind.GONE:
            return _("Its callers are refused (422). Submit it again under another name.")
    return ""


def _category_effect(change: TemplateChange) -> str:
    if change.after == "MARKETING":
        return _(
            "Each message costs the price of marketing from now on, several times that of utility, and nobody who stopped marketing receives it. You can ask Meta for a review within 60 days."
        )
    if change.before == "MARKETING":
        return _("Each message costs less from now on: the price of its new category.")
    return _("Each message costs the price of its new category from now on.")
