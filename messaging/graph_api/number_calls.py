"""What is done with one sending number at Meta: its health, its verification code, its registration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from messaging.graph_api.errors import GraphApiError, NoAnswerError
from messaging.graph_api.masking import without_secrets
from messaging.graph_api.transport import Transport
from messaging.graph_api.values import mapping, word

CODE_METHODS = ("SMS", "VOICE")


@dataclass(frozen=True, slots=True)
class HealthProblem:
    """Why something cannot send as it should. `solution` is Meta's own proposal; both may be empty."""

    code: str
    description: str
    solution: str


@dataclass(frozen=True, slots=True)
class HealthEntity:
    """One part that has to work: `kind` is PHONE_NUMBER, WABA, BUSINESS, APP or MESSAGE_TEMPLATE."""

    kind: str
    entity_id: str
    can_send: str
    problems: tuple[HealthProblem, ...]


@dataclass(frozen=True, slots=True)
class HealthFacts:
    """Whether messages can be sent, AVAILABLE, LIMITED or BLOCKED: the worst of the entities.

    Source: Health status, 2026-11-22.
    """

    can_send: str
    entities: tuple[HealthEntity, ...]
    raw: dict[str, Any]

    @classmethod
    def from_meta(cls, status: object) -> HealthFacts | None:
        if not isinstance(status, dict) or word(status.get("can_send_message")) is None:
            return None
        entities = tuple(_entity(row) for row in _objects(status.get("entities")))
        return cls(word(status.get("can_send_message")) or "", entities, status)


def _entity(row: dict[str, Any]) -> HealthEntity:
    problems = [
        HealthProblem(
            code=word(error.get("error_code")) or "",
            description=without_secrets(word(error.get("error_description")) or ""),
            solution=without_secrets(word(error.get("possible_solution")) or ""),
        )
        for error in _objects(row.get("errors"))
    ]
    notes = row.get("additional_info")
    problems += [
        HealthProblem("", without_secrets(note), "")
        for note in (notes if isinstance(notes, list) else [])
        if isinstance(note, str)
    ]
    return HealthEntity(
        kind=word(row.get("entity_type")) or "",
        entity_id=word(row.get("id")) or "",
        can_send=word(row.get("can_send_message")) or "",
        problems=tuple(problems),
    )


def _objects(value: object) -> list[dict[str, Any]]:
    return (
        [mapping(row) for row in value if isinstance(row, dict)] if isinstance(value, list) else []
    )


class NumberCalls(Transport):
    """A part of GraphApi."""

    def health_of_numbers(self, waba_id: str) -> dict[str, HealthFacts]:
        """Return the health of the account's numbers by phone number id; one that Meta says nothing of is missing.

        In one call for all numbers, and empty when Meta does not give the field in lists.
        """
        try:
            rows = self._rows(waba_id, "phone_numbers", fields="id,health_status")
        except GraphApiError:
            return {}
        found = {
            word(row.get("id")) or "": HealthFacts.from_meta(row.get("health_status"))
            for row in rows
        }
        return {number: facts for number, facts in found.items() if number and facts is not None}

    def health_status(self, node_id: str) -> HealthFacts:
        """Return the health of a number, an account or a template."""
        answer = self._call("GET", node_id, params={"fields": "health_status"})
        facts = HealthFacts.from_meta(answer.get("health_status"))
        if facts is None:
            raise NoAnswerError("The answer says nothing about the health", http_status=200)
        return facts

    def request_code(self, phone_number_id: str, *, method: str, language: str) -> None:
        """Let Meta send the six-digit code by SMS or VOICE; it is good for about ten minutes.

        Meta refuses with 136024 when the number is verified already. Source: Business phone numbers, 2026-11-22.
        """
        if method not in CODE_METHODS:
            raise ValueError(f"method is one of {', '.join(CODE_METHODS)}")
        self._call(
            "POST",
            phone_number_id,
            "request_code",
            body={"code_method": method, "language": language},
        )

    def verify_code(self, phone_number_id: str, code: str) -> None:
        """Prove that the number is ours; 136025: the code is wrong or too old. Source: as `request_code`."""
        self._call("POST", phone_number_id, "verify_code", body={"code": code})

    def register(self, phone_number_id: str, *, pin: str) -> None:
        """Register the number for the Cloud API, with its PIN or the one it gets by this.

        More than 10 tries in 72 hours lock the number for 72 hours (133016). Source: Registration, 2026-11-22.
        """
        self._call(
            "POST", phone_number_id, "register", body={"messaging_product": "whatsapp", "pin": pin}
        )
