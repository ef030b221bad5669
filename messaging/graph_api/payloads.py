"""The bodies of `POST /{phone_number_id}/messages`. Source: Cloud API, Messages, 2026-11-22."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict, cast

CALLBACK_DATA_LENGTH = 512
TEXT_LENGTH = 4096


class Language(TypedDict):
    code: str
    policy: Literal["deterministic"]


class Template(TypedDict):
    name: str
    language: Language
    components: NotRequired[list[dict[str, Any]]]


class TextBody(TypedDict):
    body: str
    preview_url: bool


class Context(TypedDict):
    message_id: str


class TemplateMessage(TypedDict):
    messaging_product: Literal["whatsapp"]
    recipient_type: Literal["individual"]
    to: str
    type: Literal["template"]
    template: Template
    biz_opaque_callback_data: NotRequired[str]


class TextMessage(TypedDict):
    messaging_product: Literal["whatsapp"]
    recipient_type: Literal["individual"]
    to: NotRequired[str]
    recipient: NotRequired[str]
    type: Literal["text"]
    text: TextBody
    context: NotRequired[Context]
    biz_opaque_callback_data: NotRequired[str]


def template_message(
    *, to: str, name: str, language: str, components: list[dict[str, Any]], callback_data: str
) -> dict[str, Any]:
    """Return the body of a template message; `components` as `template_text.fit` returns them.

    Without components the key is left out: Meta answers 132000 or 100 to an empty list.
    """
    template: Template = {
        "name": name,
        "language": {"policy": "deterministic", "code": language},
    }
    if components:
        template["components"] = components
    message: TemplateMessage = {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": _with_country_code(to),
        "type": "template",
        "template": template,
    }
    if callback_data:
        message["biz_opaque_callback_data"] = _short_enough(callback_data)
    return cast("dict[str, Any]", message)


def text_message(
    *,
    to: str,
    body: str,
    user_id: str = "",
    callback_data: str = "",
    quoted_wamid: str | None = None,
) -> dict[str, Any]:
    """Return the body of a free-form text, which Meta takes only within 24 h of the recipient's last message.

    Without `to` it goes to the business-scoped `user_id`. Source: Business-scoped user ids, 2026-11-22.
    """
    if not body.strip() or len(body) > TEXT_LENGTH:
        raise ValueError(f"A text message needs 1 to {TEXT_LENGTH} characters.")
    message: TextMessage = {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "type": "text",
        "text": {"body": body, "preview_url": False},
    }
    if to or not user_id:
        message["to"] = _with_country_code(to)
    else:
        message["recipient"] = user_id
    if quoted_wamid:
        message["context"] = {"message_id": quoted_wamid}
    if callback_data:
        message["biz_opaque_callback_data"] = _short_enough(callback_data)
    return cast("dict[str, Any]", message)


def _with_country_code(to: str) -> str:
    # Without the plus Meta may put the sender's own country code in front and reach a stranger.
    if not to.startswith("+"):
        raise ValueError("The recipient must be given as E.164 with a leading plus.")
    return to


def _short_enough(callback_data: str) -> str:
    if len(callback_data) > CALLBACK_DATA_LENGTH:
        raise ValueError(f"Callback data may have {CALLBACK_DATA_LENGTH} characters.")
    return callback_data
