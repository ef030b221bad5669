"""What Meta says at this moment of the number and the template that a message needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from messaging.graph_api.errors import GraphApiError, NoAnswerError, NotSentError
from messaging.services.graph import graph_api_for

if TYPE_CHECKING:
    from messaging.graph_api.number_calls import HealthFacts
    from messaging.models import Message

NUMBER, TEMPLATE = "PHONE_NUMBER", "MESSAGE_TEMPLATE"


@dataclass(frozen=True, slots=True)
class Health:
    """`kind` is Meta's word for what was asked about; either `facts` or `error`."""

    kind: str
    facts: HealthFacts | None = None
    error: GraphApiError | None = None


def health_of(message: Message) -> list[Health]:
    """Ask about the message's number and template. Where Meta does not answer at all it is not asked again."""
    api = graph_api_for(message.phone_number.account)
    told = []
    nodes = (
        (NUMBER, message.phone_number.phone_number_id),
        (TEMPLATE, message.template.meta_template_id),
    )
    for kind, node in nodes:
        if not node:
            continue
        try:
            told.append(Health(kind, facts=api.health_status(node)))
        except GraphApiError as error:
            told.append(Health(kind, error=error))
            if is_unreachable(error):
                break
    return told


def is_unreachable(error: GraphApiError) -> bool:
    """Whether Meta did not answer at all, so that asking further would only take time."""
    return isinstance(error, NoAnswerError | NotSentError) and error.http_status is None
