"""What a number's page says above its facts: what Meta thinks of it, what to do, and what can be done here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from messaging.graph_api.number_calls import HealthEntity, HealthFacts, HealthProblem
from messaging.services.number_quality import LOW
from tenants.display import BAD, CAUTION, GOOD, NEUTRAL, badge
from tenants.models import NumberSetup, PhoneNumber
from tenants.services.usable_numbers import ToDo, what_to_do

if TYPE_CHECKING:
    from datetime import datetime

    from django.utils.safestring import SafeString
    from django_stubs_ext import StrPromise

# The guide's step 10.1: what lowers a number's quality.
_CAUSES: tuple[StrPromise, ...] = (
    gettext_lazy("Many people block the number: write only to suppliers who agreed to it."),
    gettext_lazy("Messages to wrong numbers: correct the suppliers whose messages fail."),
    gettext_lazy("Promotion in a UTILITY template: take it out, or use a MARKETING template."),
    gettext_lazy("People report the messages as spam: write less often, and honour every BAJA."),
)
_ADVICE: dict[str, StrPromise] = {
    "YELLOW": gettext_lazy(
        "Meta warns: too many people block or report what this number sends. Look for the cause now, before it is restricted."
    ),
    "RED": gettext_lazy(
        "Meta may restrict this number at any time (131048). Send only what is urgent from it until it recovers; Meta looks at the last seven days."
    ),
}
_PARTS: dict[str, StrPromise] = {
    "PHONE_NUMBER": gettext_lazy("the number"),
    "WABA": gettext_lazy("the WhatsApp account"),
    "BUSINESS": gettext_lazy("the business portfolio"),
    "APP": gettext_lazy("the app"),
    "MESSAGE_TEMPLATE": gettext_lazy("the template"),
}


@dataclass(frozen=True, slots=True)
class HealthLine:
    """One part that has to work, as a badge, and what keeps it from working."""

    part: str
    state: SafeString
    problems: tuple[HealthProblem, ...]


@dataclass(frozen=True, slots=True)
class Upkeep:
    advice: str = ""
    causes: tuple[StrPromise, ...] = ()
    tone: str = CAUTION
    health: list[HealthLine] = field(default_factory=list)
    health_at: datetime | None = None
    to_do: ToDo | None = None
    gone_at: datetime | None = None
    may_become_default: bool = False

    @classmethod
    def of(cls, number: PhoneNumber, *, has_bakery: bool) -> Upkeep:
        setup = NumberSetup.objects.filter(phone_number=number).defer("pin").first()
        facts = HealthFacts.from_meta(setup.health_status if setup else None)
        is_low = number.quality_rating in LOW
        return cls(
            advice=str(_ADVICE[number.quality_rating]) if is_low else "",
            causes=_CAUSES if is_low else (),
            tone=BAD if number.quality_rating == "RED" else CAUTION,
            health=[_line(entity) for entity in facts.entities] if facts else [],
            health_at=setup.health_checked_at if setup else None,
            to_do=what_to_do(number),
            gone_at=number.gone_at,
            may_become_default=not (number.is_default or has_bakery or number.gone_at),
        )


def _line(entity: HealthEntity) -> HealthLine:
    part = str(_PARTS.get(entity.kind, entity.kind))
    return HealthLine(part, health_badge(entity.can_send), entity.problems)


def health_badge(can_send: str) -> SafeString:
    """Show Meta's word for whether something can send."""
    looks = {
        "AVAILABLE": (_("can send"), "check_circle", GOOD),
        "LIMITED": (_("limited"), "warning", CAUTION),
        "BLOCKED": (_("blocked"), "block", BAD),
    }
    words, icon, tone = looks.get(can_send, (can_send or _("unknown"), "help", NEUTRAL))
    return badge(words, icon=icon, tone=tone, title=can_send)
