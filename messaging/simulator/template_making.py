"""Creating, editing and deleting templates at the simulated Meta, and the review that follows.

The review's end is a moment, not a job: whoever asks after it sees the result, and the webhook leaves at that moment.
Source: Cloud API, Templates (components, template management, categorization), read 2026-11-22.
"""

from __future__ import annotations

import json
import re
import secrets
from typing import Any

from messaging.simulator import account, events, store
from messaging.simulator.envelope import RefusalError, missing
from messaging.simulator.graph_request import GraphRequest
from messaging.simulator.templates import PLACEHOLDER

REVIEW_S = 4.0
CREATIONS_AN_HOUR = 100
_TEMPLATES_AT_MOST = 250
_EDITABLE = frozenset({"APPROVED", "REJECTED", "PAUSED"})
_CATEGORIES = frozenset({"UTILITY", "MARKETING", "AUTHENTICATION"})
_NAME = re.compile(r"[a-z0-9_]{1,512}")
_LIMITS = {"HEADER": (60, 2388047), "BODY": (1024, 2388040), "FOOTER": (60, 2388073)}
_EDIT_PAUSE_S = 24 * 3600
_NAME_BLOCKED_S = 30 * 24 * 3600
# A template whose name ends like this is rejected, for trying what follows. Others are judged by their words.
_REJECTED_SUFFIX = "_rejected"
_ADVERTISING = re.compile(
    r"\b(oferta|ofertas|descuento|rebajas|promoción|offer|discount|sale)\b", re.I
)

Body = dict[str, Any]


# --- What the Graph answers ------------------------------------------------------------------------------------------
def create_template(call: GraphRequest) -> Body:
    name, language, category = (_word(call, field) for field in ("name", "language", "category"))
    if not _NAME.fullmatch(name):
        raise RefusalError(100, "Name may hold small letters, digits and _ only")
    if category not in _CATEGORIES:
        raise RefusalError(100, f"Category must be one of {', '.join(sorted(_CATEGORIES))}")
    format_ = str(call.value("parameter_format") or "POSITIONAL").upper()
    components = _components(call.value("components"), is_named=format_ == "NAMED")
    _check_new(name, language)
    template_id = str(1200000000000000 + secrets.randbelow(10**12))
    row = {
        "id": template_id,
        "name": name,
        "language": language,
        "category": category,
        "status": "PENDING",
        "parameter_format": format_,
        "quality_score": {"score": "UNKNOWN", "date": int(store.now())},
        "components": components,
    }
    account.add_template(row)
    _review(row)
    return {"id": template_id, "status": "PENDING", "category": category}


def edit_template(call: GraphRequest) -> Body:
    row = next(row for row in account.templates() if row["id"] == call.parts[0])
    if row["status"] not in _EDITABLE:
        raise _made_wrong(2388039, "Template can't be edited", "Its status does not allow changes.")
    is_approved = row["status"] == "APPROVED"
    category = call.value("category")
    if category is not None and is_approved and category != row["category"]:
        raise _made_wrong(
            2388039, "Category can't be changed", "The category of an approved template is fixed."
        )
    components = _components(
        call.value("components"), is_named=row.get("parameter_format") == "NAMED"
    )
    if is_approved and not store.set_for(
        store.key("template_edited", row["id"]), expire_s=_EDIT_PAUSE_S
    ):
        raise _made_wrong(
            2388039, "Template edited too often", "One edit in 24 hours of an approved template."
        )
    changed = {"components": components, "status": "PENDING", "rejected_reason": "NONE"}
    if category is not None:
        changed["category"] = category
    account.change_template(row["id"], **changed)
    _review(row | changed)
    return {"success": True}


def delete_template(call: GraphRequest) -> Body:
    """By name: all languages. By name and `hsm_id`: that one, if both agree."""
    name, template_id = call.query.get("name", ""), call.query.get("hsm_id", "")
    if not name:
        raise missing("name")
    rows = [row for row in account.templates() if row["name"] == name]
    if template_id:
        rows = [row for row in rows if row["id"] == template_id]
    if not rows:
        raise RefusalError(100, "Message template not found")
    if any(row["status"] == "DISABLED" for row in rows):
        raise _made_wrong(2388039, "Template can't be deleted", "It is disabled.")
    for row in rows:
        account.remove_template(row["id"])
        if row["status"] in {"APPROVED", "PAUSED"}:
            store.set_for(_blocked(name, row["language"]), expire_s=_NAME_BLOCKED_S)
    return {"success": True}


# --- The review ------------------------------------------------------------------------------------------------------
def set_review_s(seconds: float) -> None:
    """How long a review lasts from now on."""
    store.write_hash(store.key("review"), {"seconds": seconds})


def _review(row: Body) -> None:
    """Decide now what the review will say, and when."""
    kept = store.field_of(store.key("review"), "seconds")
    due_at = store.now() + (REVIEW_S if kept is None else float(kept))
    status, reason, category = "APPROVED", "NONE", row["category"]
    if row["name"].endswith(_REJECTED_SUFFIX):
        status, reason = "REJECTED", "TAG_CONTENT_MISMATCH"
    elif category == "UTILITY" and _ADVERTISING.search(
        json.dumps(row["components"], ensure_ascii=False)
    ):
        # Since 2025-04-09 such a template is approved as MARKETING instead of being rejected.
        category = "MARKETING"
    account.review_template(
        row["id"], due_at=due_at, status=status, rejected_reason=reason, category=category
    )
    events.announce_review(
        row | {"category": category}, status=status, reason=reason, due_at=due_at
    )


# --- Meta's rules ----------------------------------------------------------------------------------------------------
def _word(call: GraphRequest, name: str) -> str:
    value = call.value(name)
    if not isinstance(value, str) or not value:
        raise missing(name)
    return value


def _check_new(name: str, language: str) -> None:
    rows = account.templates()
    if any((row["name"], row["language"]) == (name, language) for row in rows):
        raise _made_wrong(
            2388024, "Content in this language already exists", "Choose another name or language."
        )
    if store.exists(_blocked(name, language)):
        raise _made_wrong(
            2388023,
            "Message template language is being deleted",
            "Its name is blocked for 30 days.",
        )
    if len(rows) >= _TEMPLATES_AT_MOST:
        raise _made_wrong(2388019, "Message template limit exceeded", "250 templates at most.")
    hour = str(int(store.now()) // 3600)
    if store.count_up(store.key("creations", hour), expire_s=3700) > CREATIONS_AN_HOUR:
        raise RefusalError(80008, "Templates created too fast")


def _components(value: object, *, is_named: bool) -> list[Body]:
    if not isinstance(value, list) or not all(isinstance(part, dict) for part in value):
        raise missing("components")
    parts = {str(part.get("type", "")).upper(): part for part in value}
    if not str(parts.get("BODY", {}).get("text") or "").strip():
        raise _made_wrong(2388072, "Body text is missing", "A template needs a body.")
    for kind, (limit, code) in _LIMITS.items():
        text = str(parts.get(kind, {}).get("text") or "")
        if len(text) > limit:
            raise _made_wrong(code, "Text too long", f"{kind.capitalize()}: {limit} characters.")
        _check_placeholders(kind, text, parts.get(kind, {}), is_named=is_named)
    return [part | {"type": str(part.get("type", "")).upper()} for part in value]


def _check_placeholders(kind: str, text: str, part: Body, *, is_named: bool) -> None:
    names = list(dict.fromkeys(PLACEHOLDER.findall(text)))
    if not names:
        return
    code = _LIMITS[kind][1] if kind != "BODY" else 2388072
    if kind == "FOOTER" or (kind == "HEADER" and len(names) > 1):
        raise _made_wrong(code, "Too many variables", f"{kind.capitalize()} takes fewer variables.")
    if not is_named and sorted(names) != sorted(str(n) for n in range(1, len(names) + 1)):
        raise _made_wrong(code, "Invalid variables", "Number them from {{1}} without gaps.")
    example = part.get("example")
    if not isinstance(example, dict) or not any(example.values()):
        raise _made_wrong(code, "Examples are missing", f"{kind.capitalize()}: add sample values.")
    if kind == "BODY":
        _check_layout(text)


def _check_layout(text: str) -> None:
    if text.strip().startswith("{{") or text.strip().endswith("}}"):
        raise _made_wrong(
            2388299,
            "Variables at the edge",
            "Variables can't be at the start or end of the template.",
        )
    if "}}{{" in text:
        raise _made_wrong(2388072, "Invalid format", "Two variables touch each other.")


def _made_wrong(subcode: int, title: str, text: str) -> RefusalError:
    """Template trouble is code 100 with the telling number as subcode and words for a person."""
    return RefusalError(
        100,
        message="Invalid parameter",
        subcode=subcode,
        user_title=title,
        user_message=text,
        is_transient=False,
    )


def _blocked(name: str, language: str) -> str:
    return store.key("template_blocked", name, language)
