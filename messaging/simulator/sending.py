"""POST …/messages: check a message as Meta does, put it on the phone, and queue the webhooks that follow."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from messaging import demo
from messaging.simulator import account, chats, events, store, switches, templates, webhooks
from messaging.simulator.envelope import RefusalError, missing
from messaging.simulator.scenarios import NORMAL, Refusal, Scenario, Step, Twist, scenario_for

_CALLBACK_DATA_LIMIT = 512
_TEXT_LIMIT = 4096
_MESSAGES_PER_SECOND = 80
_PAIR_EVERY_S = 6
_PAIR_BURST = 45
_TRIES_FORGOTTEN_S = 600
# What becomes of marketing to somebody who stopped it. Source: Error codes, 131050, 2026-11-22.
_MARKETING_STOPPED = Step("failed", 0.6, 131050, "User has stopped marketing messages")

# One number may send 80 messages a second, and one to the same recipient every 6 s with a burst of 45 lent in advance
# (a leaky bucket). Source: WhatsApp Cloud API, Throughput and Error codes 130429 and 131056, 2026-11-22.
_RATES = """
local now, every, burst = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local sent = redis.call('INCR', KEYS[1])
redis.call('EXPIRE', KEYS[1], 3)
if sent > tonumber(ARGV[4]) then return 130429 end
local free_at = math.max(tonumber(redis.call('GET', KEYS[2]) or '0'), now) + every
if free_at - now > every * burst then return 131056 end
redis.call('SET', KEYS[2], tostring(free_at), 'EX', every * burst)
return 0
"""


@dataclass(frozen=True, slots=True)
class Checked:
    """A message that Meta would take: what the phone will show, and the scenario that decides what follows."""

    letter: chats.Letter
    scenario: Scenario
    answered_to: dict[str, str]


def scenario_of(body: Mapping[str, Any], *, switch: str) -> Scenario:
    """Return what is to happen to this message. Raises RefusalError when it names no recipient."""
    return scenario_for(wa_id_of(_recipient(body)), switch=switch)


def _recipient(body: Mapping[str, Any]) -> str:
    """Return `to`, or the number behind the user id in `recipient`. Source: Business-scoped user ids, 2026-11-22."""
    to, user_id = body.get("to"), body.get("recipient")
    if isinstance(to, str) and to:
        return to
    if not isinstance(user_id, str) or not user_id:
        raise missing("to")
    number = chats.number_of_user(user_id)
    if number is None:
        raise RefusalError(131009, "Parameter value is not valid: recipient")
    return f"+{number}"


def check(number: demo.DemoNumber, body: Mapping[str, Any], *, scenario: Scenario) -> Checked:
    """Return the message in `body`, checked. Raises RefusalError with Meta's code."""
    if body.get("messaging_product") != "whatsapp":
        raise missing("messaging_product")
    to = _recipient(body)
    wa_id = wa_id_of(to)
    if f"+{wa_id}" == number.display_phone_number:
        raise RefusalError(131021, "Recipient phone number is the sender's own")
    callback_data = body.get("biz_opaque_callback_data")
    if callback_data is not None and (
        not isinstance(callback_data, str) or len(callback_data) > _CALLBACK_DATA_LIMIT
    ):
        raise RefusalError(
            131009, f"biz_opaque_callback_data must be at most {_CALLBACK_DATA_LIMIT} characters"
        )
    context = body.get("context")
    letter = chats.Letter(
        wamid=chats.new_wamid(),
        chat_id=chats.chat_id_of(wa_id, number.phone_number_id),
        sender=chats.FROM_BUSINESS,
        phone_number_id=number.phone_number_id,
        wa_id=wa_id,
        quoted=str(context.get("message_id", "")) if isinstance(context, dict) else "",
        callback_data=callback_data,
        **_content(body, chats.chat_id_of(wa_id, number.phone_number_id)),
    )
    if scenario.refusal is not None:
        _refuse(scenario, scenario.refusal, wa_id)
    _keep_to_rates(number.phone_number_id, wa_id)
    return Checked(letter, scenario, _answered_to(body, wa_id))


def _answered_to(body: Mapping[str, Any], wa_id: str) -> dict[str, str]:
    """Return the contact in Meta's answer: no number where none was given. Source: Send messages, 2026-11-22."""
    if body.get("to"):
        return {"input": body["to"], "wa_id": wa_id}
    return {"input": body["recipient"], "user_id": body["recipient"]}


def wa_id_of(to: str) -> str:
    """Return the digits of the WhatsApp account that `to` reaches. Raises RefusalError.

    Without `+` Meta may put the sender's own country code in front; all our senders are Spanish.
    Source: Send messages, Phone number formats, 2026-11-22.
    """
    digits = re.sub(r"[\s()+.-]", "", to)
    if not digits.isascii() or not digits.isdecimal() or not 7 <= len(digits) <= 15:
        raise RefusalError(131009, "Parameter value is not valid: to")
    if to.strip().startswith("+") or (digits.startswith("34") and len(digits) == 11):
        return digits
    return f"34{digits}"


def _content(body: Mapping[str, Any], chat_id: str) -> dict[str, Any]:
    kind = body.get("type", "text")
    if kind == "template":
        wanted = body.get("template")
        template = templates.find(account.templates(), wanted)
        shown = templates.render(
            template, wanted.get("components") if isinstance(wanted, dict) else None
        )
        return {
            "kind": "template",
            "template_name": template["name"],
            "category": template["category"].lower(),
            "header": shown.header,
            "body": shown.body,
            "footer": shown.footer,
            "buttons": shown.buttons,
        }
    if kind != "text":
        raise RefusalError(
            131051, f"The simulator takes template and text messages, not {str(kind)[:20]}"
        )
    text = body.get("text")
    words = text.get("body") if isinstance(text, dict) else None
    if not isinstance(words, str) or not words:
        raise missing("text['body']")
    if len(words) > _TEXT_LIMIT:
        raise RefusalError(100, f"text['body'] must be at most {_TEXT_LIMIT} characters long")
    if not chats.window_is_open(chat_id):
        raise RefusalError(
            131047, "More than 24 hours have passed since the recipient last replied"
        )
    return {"kind": "text", "category": "service", "body": words}


def refuse_reads(scenario: Scenario | None) -> None:
    """Raise what the switch makes every call answer. Refusals that pass do so for each call on its own here."""
    if scenario is not None and scenario.refusal is not None and scenario.refusal.reads_too:
        _refuse(scenario, scenario.refusal, "reads")


def _refuse(scenario: Scenario, refusal: Refusal, who: str) -> None:
    if refusal.times is not None:
        tries = store.key("tries", scenario.key, who)
        if store.count_up(tries, expire_s=_TRIES_FORGOTTEN_S) > refusal.times:
            store.remove(tries)
            return
    raise RefusalError(
        refusal.code,
        refusal.details,
        message=refusal.message,
        subcode=refusal.subcode,
        is_transient=refusal.is_transient,
    )


def _keep_to_rates(phone_number_id: str, wa_id: str) -> None:
    now = store.now()
    keys = [
        store.key("rate", phone_number_id, str(int(now))),
        store.key("pair", phone_number_id, wa_id),
    ]
    code = int(store.run(_RATES, keys, [now, _PAIR_EVERY_S, _PAIR_BURST, _MESSAGES_PER_SECOND]))
    if code:
        raise RefusalError(
            code, "Message failed to send because there were too many messages in a short period"
        )


def accept(checked: Checked, *, reading: switches.Reading) -> dict[str, Any]:
    """Put the message on the phone, queue its webhooks, and return Meta's answer."""
    letter, scenario, now = checked.letter, checked.scenario, store.now()
    held = scenario.message_status == "held_for_quality_assessment"
    chats.keep(letter, at=now, held=held)
    if not scenario.webhooks:
        chats.record(letter.wamid, chats.LOST, now)
    if letter.category == "marketing" and chats.stops_marketing(letter.chat_id):
        scenario = replace(NORMAL, steps=(_MARKETING_STOPPED,))
    if scenario.twist is Twist.BROKEN_BATCH:
        _queue_broken_batch(letter, scenario, now=now)
    else:
        for step in scenario.steps:
            _queue_status(letter, scenario, step, now=now)
    if reading is switches.Reading.AUTO and any(
        step.status == "delivered" for step in scenario.steps
    ):
        read = Step("read", switches.AUTO_READ_AFTER_S)
        _queue_status(letter, scenario, read, now=now, unless_seen=True)
    events.after_sending(scenario.twist, letter, due_at=now + 1.2)
    answer = {"id": letter.wamid}
    if letter.kind == "template":
        answer["message_status"] = scenario.message_status
    return {
        "messaging_product": "whatsapp",
        "contacts": [checked.answered_to],
        "messages": [answer],
    }


def _queue_status(
    letter: chats.Letter, scenario: Scenario, step: Step, *, now: float, unless_seen: bool = False
) -> None:
    due_at = now + step.after_s
    priced = step.status in ("sent", "delivered") or not any(
        one.status == "delivered" for one in scenario.steps
    )
    webhooks.later(
        f"messages: {step.status}",
        webhooks.status_change(
            letter,
            step.status,
            at=due_at,
            priced=priced,
            code=step.error_code,
            details=step.details,
        ),
        due_at=due_at,
        wamid=letter.wamid,
        status=step.status,
        error=str(step.error_code or ""),
        posted=scenario.webhooks,
        well_signed=scenario.twist is not Twist.WRONG_SIGNATURE,
        unless_seen=unless_seen,
    )


def _queue_broken_batch(letter: chats.Letter, scenario: Scenario, *, now: float) -> None:
    """All statuses in one webhook, between elements that no parser should trip over."""
    changes = [
        webhooks.status_change(letter, step.status, at=now + step.after_s, priced=True)
        for step in scenario.steps
    ]
    whole = changes[0]
    facts = [change["value"]["statuses"][0] for change in changes]
    stranger = facts[0] | {"id": chats.new_wamid(), "biz_opaque_callback_data": "stranger"}
    whole["value"]["statuses"] = [
        facts[0],
        {"id": None, "status": 7, "timestamp": "soon"},
        "nonsense",
        stranger,
    ]
    whole["value"]["statuses"] += facts[1:]
    for step in scenario.steps:
        webhooks.later(
            "", {}, due_at=now + step.after_s, wamid=letter.wamid, status=step.status, posted=False
        )
    webhooks.later(
        "messages: a batch with broken elements",
        whole,
        due_at=now + scenario.steps[-1].after_s + 0.1,
    )
