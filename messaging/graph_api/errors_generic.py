"""Tokens, permissions and the limits of the Graph API.

Source: Graph API, Error handling; Cloud API, Error codes, 2026-11-22.
"""

from __future__ import annotations

from messaging.graph_api.errors_default import SENT_AGAIN, WAIT
from messaging.graph_api.facts import (
    GRAPH_LIMITS_URL,
    ErrorClass,
    ErrorFacts,
    Scope,
    WhoActs,
    row,
)

_NEW_TOKEN = (
    "Create a new system user token in Meta Business Suite and paste it on the page Access token in the "
    "admin; what waits is then sent by itself.",
    "Crea un token nuevo de usuario del sistema en Meta Business Suite y pégalo en la página Token de "
    "acceso de la administración; lo que espera se enviará solo.",
)
_ASSIGN_ASSETS = (
    "In Meta Business Suite, assign the app, the WhatsApp account and both WhatsApp permissions to the "
    "system user, then create a new token and paste it on the page Access token in the admin.",
    "En Meta Business Suite, asigna la aplicación, la cuenta de WhatsApp y los dos permisos de WhatsApp "
    "al usuario del sistema; después crea un token nuevo y pégalo en la página Token de acceso de la "
    "administración.",
)

# Meta's number of an incorrect signature. Of a wrong appsecret_proof it tells under 100, like of any field: errors.py.
WRONG_PROOF = 104

ROWS: tuple[ErrorFacts, ...] = (
    row(
        0,
        ErrorClass.CREDENTIAL,
        WhoActs.PLATFORM,
        Scope.ACCOUNT,
        title=(
            "Meta could not recognise our access token.",
            "Meta no pudo reconocer nuestro token de acceso.",
        ),
        action=_NEW_TOKEN,
    ),
    row(
        1,
        ErrorClass.RETRY,
        WhoActs.META,
        Scope.MESSAGE,
        title=(
            "Meta could not handle the request; it may be a fault of theirs or of our request.",
            "Meta no pudo tratar la petición; puede ser un fallo suyo o de nuestra petición.",
        ),
        action=(
            "The message is sent again twice by itself. If it still fails, show the trace id to a developer.",
            "El mensaje se envía otras dos veces solo. Si sigue fallando, enseña el identificador de traza "
            "a un desarrollador.",
        ),
        delays=(5.0, 25.0),
    ),
    row(
        2,
        ErrorClass.RETRY,
        WhoActs.META,
        Scope.ACCOUNT,
        title=(
            "Meta's service is down or overloaded for the moment.",
            "El servicio de Meta está caído o saturado en este momento.",
        ),
        action=SENT_AGAIN,
        delays=(60.0, 120.0, 300.0, 600.0, 3600.0),
    ),
    row(
        3,
        ErrorClass.CREDENTIAL,
        WhoActs.PLATFORM,
        Scope.APP,
        title=(
            "Our app at Meta lacks a capability or permission for this call.",
            "A nuestra aplicación en Meta le falta una capacidad o un permiso para esta llamada.",
        ),
        action=_ASSIGN_ASSETS,
    ),
    row(
        4,
        ErrorClass.RETRY_LATER,
        WhoActs.META,
        Scope.APP,
        title=(
            "Our app has made too many calls to Meta in the last hour.",
            "Nuestra aplicación ha hecho demasiadas llamadas a Meta en la última hora.",
        ),
        action=WAIT,
        delays=(900.0, 1800.0, 3600.0),
        doc_url=GRAPH_LIMITS_URL,
    ),
    row(
        10,
        ErrorClass.CREDENTIAL,
        WhoActs.PLATFORM,
        Scope.ACCOUNT,
        title=(
            "A permission of our token was never granted or has been taken away.",
            "Un permiso de nuestro token no se concedió o se ha retirado.",
        ),
        action=_ASSIGN_ASSETS,
    ),
    row(
        33,
        ErrorClass.ACCOUNT,
        WhoActs.PLATFORM,
        Scope.NUMBER,
        title=(
            "Meta no longer has this sending number, or our token may not see it.",
            "Meta ya no tiene este número emisor, o nuestro token no puede verlo.",
        ),
        action=(
            "Check in WhatsApp Manager that the number still exists and that the system user has access "
            "to its account; otherwise assign the bakery another number.",
            "Comprueba en el Administrador de WhatsApp que el número sigue existiendo y que el usuario del "
            "sistema tiene acceso a su cuenta; si no, asigna otro número a la panadería.",
        ),
    ),
    row(
        100,
        ErrorClass.REQUEST,
        WhoActs.PLATFORM,
        Scope.MESSAGE,
        title=(
            "Meta did not accept a field of our request.",
            "Meta no aceptó un campo de nuestra petición.",
        ),
        action=(
            "Show Meta's details to a developer: either a field or an id is wrong, or the token cannot see "
            "the object.",
            "Enseña los detalles de Meta a un desarrollador: un campo o un identificador está mal, o el "
            "token no puede ver el objeto.",
        ),
    ),
    row(
        WRONG_PROOF,
        ErrorClass.CREDENTIAL,
        WhoActs.PLATFORM,
        Scope.APP,
        title=(
            "Meta does not accept our app secret, so nothing can be sent.",
            "Meta no acepta la clave secreta de nuestra aplicación, así que no se puede enviar nada.",
        ),
        action=(
            "Copy the app secret from App settings, Basic, at Meta and paste it on the set-up page (step 4); what "
            "waits is then sent by itself.",
            "Copia la clave secreta en Configuración de la aplicación, Básica, en Meta y pégala en la página de "
            "puesta en marcha (paso 4); lo que espera se enviará solo.",
        ),
    ),
    row(
        190,
        ErrorClass.CREDENTIAL,
        WhoActs.PLATFORM,
        Scope.ACCOUNT,
        title=(
            "Meta no longer accepts our access token, so nothing can be sent.",
            "Meta ya no acepta nuestro token de acceso, así que no se puede enviar nada.",
        ),
        action=_NEW_TOKEN,
    ),
    row(
        200,
        ErrorClass.CREDENTIAL,
        WhoActs.PLATFORM,
        Scope.ACCOUNT,
        title=(
            "Our token has no access to this WhatsApp account.",
            "Nuestro token no tiene acceso a esta cuenta de WhatsApp.",
        ),
        action=_ASSIGN_ASSETS,
    ),
    row(
        368,
        ErrorClass.ACCOUNT,
        WhoActs.PLATFORM,
        Scope.ACCOUNT,
        title=(
            "Meta has blocked the WhatsApp account for breaking its policies.",
            "Meta ha bloqueado la cuenta de WhatsApp por incumplir sus políticas.",
        ),
        action=(
            "Open the account's Business Support Home at Meta, read the violation and appeal or wait until "
            "the block ends. No bakery can send until then.",
            "Abre el centro de asistencia para empresas de Meta, lee la infracción y apela o espera a que "
            "termine el bloqueo. Hasta entonces ninguna panadería puede enviar.",
        ),
    ),
    row(
        613,
        ErrorClass.RETRY_LATER,
        WhoActs.META,
        Scope.ACCOUNT,
        title=(
            "A limit of Meta's for this kind of call has been reached.",
            "Se ha alcanzado un límite de Meta para este tipo de llamada.",
        ),
        action=WAIT,
        delays=(60.0, 300.0, 900.0),
        doc_url=GRAPH_LIMITS_URL,
    ),
    row(
        803,
        ErrorClass.REQUEST,
        WhoActs.PLATFORM,
        Scope.NUMBER,
        title=(
            "An id we use does not exist at Meta.",
            "Un identificador que usamos no existe en Meta.",
        ),
        action=(
            "Compare the ids of the account and of the number with those in WhatsApp Manager, and read the "
            "numbers from Meta again.",
            "Compara los identificadores de la cuenta y del número con los del Administrador de WhatsApp y "
            "vuelve a leer los números de Meta.",
        ),
    ),
    row(
        80007,
        ErrorClass.RETRY_LATER,
        WhoActs.META,
        Scope.ACCOUNT,
        title=(
            "The WhatsApp account has reached its limit of calls to Meta.",
            "La cuenta de WhatsApp ha llegado a su límite de llamadas a Meta.",
        ),
        action=WAIT,
        delays=(600.0, 1800.0, 3600.0),
        doc_url=GRAPH_LIMITS_URL,
    ),
    row(
        80008,
        ErrorClass.RETRY_LATER,
        WhoActs.META,
        Scope.ACCOUNT,
        title=(
            "The account has reached Meta's hourly limit for reading its numbers and templates.",
            "La cuenta ha llegado al límite por hora de Meta para leer sus números y plantillas.",
        ),
        action=WAIT,
        delays=(600.0, 1800.0, 3600.0),
        doc_url=GRAPH_LIMITS_URL,
    ),
)


def _token(title: tuple[str, str], action: tuple[str, str] = _NEW_TOKEN) -> ErrorFacts:
    return row(
        190, ErrorClass.CREDENTIAL, WhoActs.PLATFORM, Scope.ACCOUNT, title=title, action=action
    )


SUBCODES: dict[tuple[int, int], ErrorFacts] = {
    # A missing object stops its number, not the line: one wrong id must not silence every bakery.
    (100, 33): next(facts for facts in ROWS if facts.code == 33),
    (190, 458): _token(
        (
            "Our app was removed from the account at Meta, so the token no longer works.",
            "Nuestra aplicación se quitó de la cuenta en Meta, así que el token ya no funciona.",
        ),
        _ASSIGN_ASSETS,
    ),
    (190, 459): _token(
        (
            "Meta asks the token's owner to log in and confirm who they are.",
            "Meta pide a quien creó el token que inicie sesión y confirme su identidad.",
        ),
        (
            "Let the owner of the token log in at facebook.com and follow Meta's steps, then create a new "
            "token and paste it on the page Access token in the admin.",
            "Quien creó el token debe entrar en facebook.com y seguir los pasos de Meta; después crea un "
            "token nuevo y pégalo en la página Token de acceso de la administración.",
        ),
    ),
    (190, 460): _token(
        (
            "The password of the token's owner was changed, which ended the token.",
            "Quien creó el token cambió su contraseña, y eso anuló el token.",
        )
    ),
    (190, 463): _token(
        (
            "Our access token has expired.",
            "Nuestro token de acceso ha caducado.",
        )
    ),
    (190, 464): _token(
        (
            "The account of the token's owner is not confirmed at Meta.",
            "La cuenta de quien creó el token no está confirmada en Meta.",
        ),
        (
            "Let the owner of the token confirm their account at Meta, then create a new token and paste it "
            "on the page Access token in the admin.",
            "Quien creó el token debe confirmar su cuenta en Meta; después crea un token nuevo y pégalo en "
            "la página Token de acceso de la administración.",
        ),
    ),
    (190, 467): _token(
        (
            "Our access token was revoked or is damaged.",
            "Nuestro token de acceso fue revocado o está dañado.",
        )
    ),
    (190, 492): _token(
        (
            "The token's owner lost their role on the WhatsApp account.",
            "Quien creó el token perdió su función en la cuenta de WhatsApp.",
        ),
        _ASSIGN_ASSETS,
    ),
    (4, 2446079): row(
        4,
        ErrorClass.RETRY_LATER,
        WhoActs.META,
        Scope.APP,
        title=(
            "Meta has slowed our whole app down for a while.",
            "Meta ha frenado toda nuestra aplicación durante un rato.",
        ),
        action=WAIT,
        delays=(900.0, 1800.0, 3600.0),
        doc_url=GRAPH_LIMITS_URL,
    ),
}

RANGES: tuple[tuple[range, ErrorFacts], ...] = (
    (
        range(201, 300),
        row(
            200,
            ErrorClass.CREDENTIAL,
            WhoActs.PLATFORM,
            Scope.ACCOUNT,
            title=(
                "Our token lacks a permission that this call needs.",
                "A nuestro token le falta un permiso que esta llamada necesita.",
            ),
            action=_ASSIGN_ASSETS,
        ),
    ),
)
