"""How a send may go: chosen by the recipient's last three digits, or for everything by the switch on the screen."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

BY_NUMBER = "by_number"
# Only these invented recipients carry a scenario in their last digits, so that load tests and numbers of people's own
# meet no surprise.
_SCENARIO_NUMBERS = "34600000"


class Answer(StrEnum):
    """What comes back over the wire of the POST."""

    JSON = "json"
    HTML = "html"
    HALF = "half"
    EMPTY = "empty"
    DROPPED = "dropped"


class Twist(StrEnum):
    """What else happens around the statuses."""

    NONE = "none"
    WRONG_SIGNATURE = "wrong_signature"
    BROKEN_BATCH = "broken_batch"
    UNKNOWN_FIELD = "unknown_field"
    CATEGORY_CHANGE = "category_change"
    TEMPLATE_PAUSED = "template_paused"
    NUMBER_RED = "number_red"


@dataclass(frozen=True, slots=True)
class Refusal:
    """The error that Meta answers. `times` is how often in a row, None for ever."""

    code: int
    details: str
    subcode: int | None = None
    message: str | None = None
    is_transient: bool | None = None
    times: int | None = None
    reads_too: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One status webhook, `after_s` seconds after the message was accepted."""

    status: str
    after_s: float
    error_code: int | None = None
    details: str = ""


@dataclass(frozen=True, slots=True)
class Scenario:
    key: str
    suffix: str
    title: StrPromise
    effect: StrPromise
    steps: tuple[Step, ...] = ()
    refusal: Refusal | None = None
    answer: Answer = Answer.JSON
    accepted: bool = True
    message_status: str = "accepted"
    answer_after_s: float = 0.0
    webhooks: bool = True
    twist: Twist = Twist.NONE


SENT = Step("sent", 0.3)
DELIVERED = Step("delivered", 0.8)
USUAL = (SENT, DELIVERED)

NORMAL = Scenario(
    "normal",
    "",
    _("Everything works"),
    _("Sent, delivered, and read when the chat is opened."),
    steps=USUAL,
)

SCENARIOS: tuple[Scenario, ...] = (
    NORMAL,
    Scenario(
        "undeliverable",
        "131",
        _("Not on WhatsApp"),
        _("Accepted and sent, then failed with 131026."),
        steps=(
            SENT,
            Step("failed", 1.5, 131026, "Receiver is incapable of receiving this message"),
        ),
    ),
    Scenario(
        "held_then_failed",
        "132",
        _("Held, then dropped"),
        _("Held for quality assessment, then failed with 132015."),
        steps=(Step("failed", 4.0, 132015, "Template was paused while messages were held"),),
        message_status="held_for_quality_assessment",
    ),
    Scenario(
        "held_then_released",
        "133",
        _("Held, then released"),
        _("Held for quality assessment, then sent and delivered."),
        steps=(Step("sent", 4.0), Step("delivered", 4.5)),
        message_status="held_for_quality_assessment",
    ),
    Scenario(
        "payment_problem",
        "134",
        _("No payment method"),
        _("Accepted, then failed with 131042."),
        steps=(Step("failed", 0.8, 131042, "Payment method is missing"),),
    ),
    Scenario(
        "out_of_order",
        "140",
        _("Out of order"),
        _("Read arrives first, then delivered, then sent."),
        steps=(Step("read", 0.3), Step("delivered", 0.6), Step("sent", 0.9)),
    ),
    Scenario(
        "duplicates",
        "141",
        _("Everything twice"),
        _("Each status webhook arrives two or three times."),
        steps=(
            SENT,
            Step("sent", 0.4),
            DELIVERED,
            Step("delivered", 0.9),
            Step("sent", 1.0),
            Step("delivered", 2.0),
        ),
    ),
    Scenario(
        "read_without_delivered",
        "142",
        _("Read without delivered"),
        _("Sent, then read; delivered never arrives."),
        steps=(SENT, Step("read", 0.9)),
    ),
    Scenario(
        "delivered_and_failed",
        "143",
        _("Delivered and failed"),
        _("One device receives it, another refuses it: delivered, then failed."),
        steps=(*USUAL, Step("failed", 1.2, 131026, "Undeliverable on a linked device")),
    ),
    Scenario(
        "failed_then_delivered",
        "144",
        _("Failed, then delivered"),
        _("First failed, then delivered on another device."),
        steps=(
            SENT,
            Step("failed", 0.8, 131026, "Undeliverable on a linked device"),
            Step("delivered", 1.4),
        ),
    ),
    Scenario(
        "webhook_first",
        "145",
        _("Webhook before the answer"),
        _("The status webhooks arrive before the answer to the request."),
        steps=(Step("sent", 0.0), Step("delivered", 0.3)),
        answer_after_s=1.5,
    ),
    Scenario(
        "silence",
        "146",
        _("Webhooks lost"),
        _("Delivered, but its webhooks are lost; message_history knows what became of it."),
        steps=USUAL,
        webhooks=False,
    ),
    Scenario(
        "phone_off",
        "147",
        _("Phone switched off"),
        _("Stays at sent: the phone is off, or its owner has blocked the number."),
        steps=(SENT,),
    ),
    Scenario(
        "lost_answer",
        "150",
        _("Lost answer"),
        _(
            "Accepted, but the connection is held and dropped without an answer; webhooks still come."
        ),
        steps=(SENT, Step("delivered", 6.0)),
        answer=Answer.DROPPED,
        answer_after_s=3.0,
    ),
    Scenario(
        "lost_request",
        "151",
        _("Lost request"),
        _("The connection is held and dropped; nothing was accepted and nothing follows."),
        answer=Answer.DROPPED,
        answer_after_s=3.0,
        accepted=False,
    ),
    Scenario(
        "html_page",
        "152",
        _("An HTML page"),
        _("A 502 page of a proxy instead of JSON; nothing was accepted."),
        refusal=Refusal(2, "", reads_too=True),
        answer=Answer.HTML,
        accepted=False,
    ),
    Scenario(
        "half_body",
        "153",
        _("Half a body"),
        _("Accepted, but the answer breaks off in the middle; webhooks still come."),
        steps=USUAL,
        answer=Answer.HALF,
    ),
    Scenario(
        "empty_body",
        "154",
        _("An empty answer"),
        _("Accepted, but the answer is empty; webhooks still come."),
        steps=USUAL,
        answer=Answer.EMPTY,
    ),
    Scenario(
        "pair_limit",
        "156",
        _("Too fast for one recipient"),
        _("Refused twice with 131056, then accepted."),
        steps=USUAL,
        refusal=Refusal(
            131056, "Too many messages sent to this phone number in a short period", times=2
        ),
    ),
    Scenario(
        "number_limit",
        "129",
        _("Too fast for the number"),
        _("Refused twice with 130429, then accepted."),
        steps=USUAL,
        refusal=Refusal(130429, "Cloud API message throughput has been reached", times=2),
    ),
    Scenario(
        "server_error",
        "160",
        _("Server error"),
        _("Refused twice with HTTP 500 and 131000, then accepted."),
        steps=USUAL,
        refusal=Refusal(131000, "Something went wrong", times=2),
    ),
    Scenario(
        "maintenance",
        "161",
        _("Maintenance"),
        _("Refused twice with HTTP 503 and code 2, marked as passing, then accepted."),
        steps=USUAL,
        refusal=Refusal(
            2,
            "",
            message="An unexpected error has occurred. Please retry your request later.",
            is_transient=True,
            times=2,
            reads_too=True,
        ),
    ),
    Scenario(
        "token_expired",
        "190",
        _("Token expired"),
        _(
            "Refused with 190, subcode 463. By the switch, every call is refused until it is turned back."
        ),
        refusal=Refusal(
            190,
            "",
            subcode=463,
            message="Error validating access token: Session has expired.",
            reads_too=True,
        ),
        accepted=False,
    ),
    Scenario(
        "no_access",
        "163",
        _("Permission missing"),
        _("Refused with HTTP 403 and code 200."),
        refusal=Refusal(200, "You do not have the necessary permissions", reads_too=True),
        accepted=False,
    ),
    Scenario(
        "account_locked",
        "164",
        _("Account locked"),
        _("Refused with HTTP 403 and 131031."),
        refusal=Refusal(131031, "Account has been locked"),
        accepted=False,
    ),
    Scenario(
        "category_change",
        "170",
        _("Category changed"),
        _(
            "Delivered; Meta then turns the template from utility to marketing and says so by webhook."
        ),
        steps=USUAL,
        twist=Twist.CATEGORY_CHANGE,
    ),
    Scenario(
        "template_paused",
        "171",
        _("Template paused"),
        _("Delivered; Meta then pauses the template. The next send is refused with 132015."),
        steps=USUAL,
        twist=Twist.TEMPLATE_PAUSED,
    ),
    Scenario(
        "number_red",
        "172",
        _("Number turns red"),
        _("Delivered; the sending number's quality rating becomes RED."),
        steps=USUAL,
        twist=Twist.NUMBER_RED,
    ),
    Scenario(
        "wrong_signature",
        "180",
        _("Wrong signature"),
        _("The webhooks are signed with another secret and must be refused."),
        steps=USUAL,
        twist=Twist.WRONG_SIGNATURE,
    ),
    Scenario(
        "broken_batch",
        "181",
        _("Broken element in a batch"),
        _("The statuses come in one webhook together with broken and unknown elements."),
        steps=USUAL,
        twist=Twist.BROKEN_BATCH,
    ),
    Scenario(
        "unknown_status",
        "182",
        _("Unknown status"),
        _("A status word that nobody knows comes between sent and delivered."),
        steps=(SENT, Step("warning", 0.5), DELIVERED),
    ),
    Scenario(
        "unknown_field",
        "183",
        _("Unknown webhook field"),
        _("Beside the statuses comes a webhook field that nobody knows."),
        steps=USUAL,
        twist=Twist.UNKNOWN_FIELD,
    ),
)

BY_KEY = {scenario.key: scenario for scenario in SCENARIOS}
BY_SUFFIX = {scenario.suffix: scenario for scenario in SCENARIOS if scenario.suffix}


def scenario_for(wa_id: str, *, switch: str) -> Scenario:
    """Return what happens to a message for the recipient `wa_id` (digits); a set switch wins over the number."""
    if switch in BY_KEY:
        return BY_KEY[switch]
    if not wa_id.startswith(_SCENARIO_NUMBERS):
        return NORMAL
    return BY_SUFFIX.get(wa_id.removeprefix(_SCENARIO_NUMBERS), NORMAL)
