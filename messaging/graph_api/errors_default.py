"""What no table names: silence, a connection that never was, codes we do not know.

Source: Graph API, Error handling, 2026-11-22.
"""

from __future__ import annotations

from messaging.graph_api.facts import (
    GRAPH_ERRORS_URL,
    GRAPH_LIMITS_URL,
    USUAL_RETRIES,
    ErrorClass,
    Scope,
    WhoActs,
    row,
)

WAIT = (
    "Nothing to do: we wait as long as Meta asks and then go on by ourselves.",
    "No hay que hacer nada: esperamos lo que pide Meta y después seguimos solos.",
)
SENT_AGAIN = (
    "Nothing to do: the message is sent again by itself. If it lasts longer than an hour, look at "
    "Meta's status page.",
    "No hay que hacer nada: el mensaje se envía otra vez solo. Si dura más de una hora, consulta la "
    "página de estado de Meta.",
)

NO_ANSWER = row(
    None,
    ErrorClass.UNKNOWN_OUTCOME,
    WhoActs.PLATFORM,
    Scope.MESSAGE,
    title=(
        "Meta gave no clear answer, so nobody knows yet whether the message was sent.",
        "Meta no respondió con claridad, así que aún no se sabe si el mensaje se envió.",
    ),
    action=(
        "Wait a quarter of an hour for Meta's status. If none comes, ask the recipient before sending "
        "it again: it could arrive twice.",
        "Espera un cuarto de hora a que llegue el estado de Meta. Si no llega, pregunta al destinatario "
        "antes de enviarlo otra vez: podría recibirlo dos veces.",
    ),
    doc_url=GRAPH_ERRORS_URL,
)
NOT_SENT = row(
    None,
    ErrorClass.RETRY,
    WhoActs.PLATFORM,
    Scope.MESSAGE,
    title=(
        "Meta could not be reached; the message has not been sent.",
        "No se pudo conectar con Meta; el mensaje no se ha enviado.",
    ),
    action=(
        "Nothing to do: it is sent by itself once the connection is back. If it lasts, check the "
        "server's network.",
        "No hay que hacer nada: se envía solo cuando vuelva la conexión. Si dura, revisa la red del "
        "servidor.",
    ),
    delays=USUAL_RETRIES,
    doc_url=GRAPH_ERRORS_URL,
)
UNKNOWN_REFUSAL = row(
    None,
    ErrorClass.REQUEST,
    WhoActs.PLATFORM,
    Scope.MESSAGE,
    title=(
        "Meta refused the message for a reason that is not in our list.",
        "Meta rechazó el mensaje por un motivo que no está en nuestra lista.",
    ),
    action=(
        "Look the code up in Meta's documentation and give Meta's support the trace id shown here.",
        "Busca el código en la documentación de Meta y da a su soporte el identificador de traza que "
        "se muestra aquí.",
    ),
)
UNKNOWN_TRANSIENT = row(
    None,
    ErrorClass.RETRY,
    WhoActs.META,
    Scope.MESSAGE,
    title=(
        "Meta has a passing problem that is not in our list.",
        "Meta tiene un problema pasajero que no está en nuestra lista.",
    ),
    action=SENT_AGAIN,
    delays=USUAL_RETRIES,
    doc_url=GRAPH_ERRORS_URL,
)
UNKNOWN_LIMIT = row(
    None,
    ErrorClass.RETRY_LATER,
    WhoActs.META,
    Scope.NUMBER,
    title=(
        "Meta asks us to go more slowly.",
        "Meta nos pide ir más despacio.",
    ),
    action=WAIT,
    delays=(60.0, 300.0, 900.0),
    doc_url=GRAPH_LIMITS_URL,
)
