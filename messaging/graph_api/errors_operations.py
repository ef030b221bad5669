"""Registration, groups, calls and other management: never met while sending a message.

Source: Cloud API, Error codes; Groups, Error codes, 2026-11-22.
"""

from __future__ import annotations

from messaging.graph_api.facts import DOCUMENTATION, ErrorClass, ErrorFacts, Scope, WhoActs, row

_REGISTRATION_URL = f"{DOCUMENTATION}/business-phone-numbers/registration"
_PIN_URL = f"{DOCUMENTATION}/business-phone-numbers/two-step-verification"
_GROUPS_URL = f"{DOCUMENTATION}/groups/error-codes"
_BLOCK_URL = f"{DOCUMENTATION}/block-users"

_READ_DETAILS = (
    "Read Meta's details on this page and mend what they name in WhatsApp Manager.",
    "Lee los detalles de Meta en esta página y corrige lo que indican en el Administrador de WhatsApp.",
)
_TRY_LATER = (
    "Wait some minutes and try it again.",
    "Espera unos minutos y vuelve a intentarlo.",
)


def _number(
    code: int, title: tuple[str, str], action: tuple[str, str], doc_url: str = _REGISTRATION_URL
) -> ErrorFacts:
    return row(
        code,
        ErrorClass.OPERATIONS,
        WhoActs.PLATFORM,
        Scope.NUMBER,
        title=title,
        action=action,
        doc_url=doc_url,
    )


def _account(
    code: int,
    title: tuple[str, str],
    action: tuple[str, str] = _READ_DETAILS,
    doc_url: str = DOCUMENTATION,
) -> ErrorFacts:
    return row(
        code,
        ErrorClass.OPERATIONS,
        WhoActs.PLATFORM,
        Scope.ACCOUNT,
        title=title,
        action=action,
        doc_url=doc_url,
    )


_NUMBERS: tuple[ErrorFacts, ...] = (
    _number(
        133000,
        (
            "An earlier removal of this number's registration was not finished.",
            "Una baja anterior del registro de este número quedó sin terminar.",
        ),
        (
            "Deregister the number again, then register it.",
            "Da de baja el número otra vez y regístralo.",
        ),
    ),
    _number(
        133005,
        ("The number's PIN is wrong.", "El PIN del número no es correcto."),
        (
            "Enter the right PIN, or set a new one in WhatsApp Manager; each wrong try counts.",
            "Introduce el PIN correcto o pon uno nuevo en el Administrador de WhatsApp; cada intento fallido "
            "cuenta.",
        ),
        _PIN_URL,
    ),
    _number(
        133006,
        (
            "The number must be verified before it can be registered.",
            "Hay que verificar el número antes de registrarlo.",
        ),
        (
            "Ask for a code by text message or call and enter it, then register the number.",
            "Pide un código por SMS o llamada e introdúcelo; después registra el número.",
        ),
    ),
    _number(
        133008,
        (
            "The PIN was entered wrongly too often.",
            "El PIN se introdujo mal demasiadas veces.",
        ),
        (
            "Wait as long as Meta's details say, then try again with the right PIN.",
            "Espera lo que indican los detalles de Meta y prueba otra vez con el PIN correcto.",
        ),
        _PIN_URL,
    ),
    _number(
        133009,
        (
            "The PIN was entered again too quickly.",
            "El PIN se volvió a introducir demasiado rápido.",
        ),
        _TRY_LATER,
        _PIN_URL,
    ),
    _number(
        133015,
        (
            "The number was deleted a moment ago and Meta has not finished.",
            "El número se acaba de eliminar y Meta aún no ha terminado.",
        ),
        (
            "Wait five minutes, then register it again.",
            "Espera cinco minutos y regístralo otra vez.",
        ),
    ),
    _number(
        133016,
        (
            "The number was registered or deregistered more than ten times in 72 hours.",
            "El número se registró o se dio de baja más de diez veces en 72 horas.",
        ),
        (
            "Leave it alone for up to 72 hours; every further try makes it longer.",
            "No lo toques hasta 72 horas; cada intento más lo alarga.",
        ),
    ),
    _number(
        136024,
        ("The number is already verified.", "El número ya está verificado."),
        ("Go on to registering it.", "Continúa con el registro."),
    ),
    _number(
        136025,
        (
            "The verification code is wrong or no longer valid.",
            "El código de verificación no es correcto o ya no vale.",
        ),
        (
            "Ask for a new code and enter it within ten minutes.",
            "Pide un código nuevo e introdúcelo antes de diez minutos.",
        ),
    ),
    *(
        _number(
            code,
            (
                "Meta refused to move this number to our account.",
                "Meta rechazó trasladar este número a nuestra cuenta.",
            ),
            _READ_DETAILS,
        )
        for code in (2388001, 2388012, 2388091, 2388093, 2388103)
    ),
    _number(
        2494100,
        (
            "Meta is doing maintenance on this number.",
            "Meta está haciendo mantenimiento en este número.",
        ),
        _TRY_LATER,
    ),
    *(
        _number(
            code,
            (
                "This number still follows an old ownership model of Meta's.",
                "Este número aún sigue un modelo de propiedad antiguo de Meta.",
            ),
            (
                "Ask Meta's support to move the number to an account of its own.",
                "Pide al soporte de Meta que traslade el número a una cuenta propia.",
            ),
        )
        for code in (2593079, 2593085)
    ),
    _number(
        2593107,
        (
            "The phone app's contacts and history were asked for more than once.",
            "Los contactos y el historial de la aplicación del teléfono se pidieron más de una vez.",
        ),
        (
            "Nothing to do if they have arrived; otherwise connect the number again.",
            "No hay que hacer nada si ya llegaron; si no, vuelve a conectar el número.",
        ),
    ),
    _number(
        2593108,
        (
            "The phone app's history was asked for later than 24 hours after connecting.",
            "El historial de la aplicación del teléfono se pidió pasadas 24 horas de la conexión.",
        ),
        (
            "Disconnect the number and connect it again.",
            "Desconecta el número y vuelve a conectarlo.",
        ),
    ),
)

_OTHERS: tuple[ErrorFacts, ...] = (
    _account(
        131020,
        ("Meta refused a request about a group.", "Meta rechazó una petición sobre un grupo."),
        doc_url=_GROUPS_URL,
    ),
    _account(
        131041,
        ("Meta refused a request about a group.", "Meta rechazó una petición sobre un grupo."),
        doc_url=_GROUPS_URL,
    ),
    _account(
        131207,
        ("Meta has suspended this group.", "Meta ha suspendido este grupo."),
        doc_url=_GROUPS_URL,
    ),
    row(
        131208,
        ErrorClass.RETRY_LATER,
        WhoActs.META,
        Scope.NUMBER,
        title=(
            "Too many requests about groups in a short time.",
            "Demasiadas peticiones sobre grupos en poco tiempo.",
        ),
        action=_TRY_LATER,
        delays=(60.0, 300.0, 900.0),
        doc_url=_GROUPS_URL,
    ),
    _account(
        138006,
        (
            "The recipient has not allowed us to call them.",
            "El destinatario no nos ha dado permiso para llamarle.",
        ),
        (
            "Ask the recipient for their permission in a message first.",
            "Pide antes permiso al destinatario con un mensaje.",
        ),
    ),
    *(
        _account(
            code,
            ("A limit for calls has been reached.", "Se ha alcanzado un límite de llamadas."),
            _TRY_LATER,
        )
        for code in (138009, 138012, 138013)
    ),
    _account(
        139100,
        (
            "Some users could not be blocked or unblocked.",
            "No se pudo bloquear o desbloquear a algunos usuarios.",
        ),
        (
            "Look which ones Meta lists and try those again; only users who wrote within 24 hours can be "
            "blocked.",
            "Mira cuáles indica Meta y repite solo esos; solo se puede bloquear a quien escribió en las "
            "últimas 24 horas.",
        ),
        _BLOCK_URL,
    ),
    _account(
        139101,
        ("The block list is full.", "La lista de bloqueados está llena."),
        ("Unblock users who no longer matter.", "Desbloquea usuarios que ya no importen."),
        _BLOCK_URL,
    ),
    _account(
        139102,
        (
            "The block list was changed by somebody else at the same time.",
            "Otra persona cambió la lista de bloqueados al mismo tiempo.",
        ),
        _TRY_LATER,
        _BLOCK_URL,
    ),
    _account(
        139103,
        (
            "Meta could not change the block list because of a fault of its own.",
            "Meta no pudo cambiar la lista de bloqueados por un fallo suyo.",
        ),
        _TRY_LATER,
        _BLOCK_URL,
    ),
    _account(
        1752041,
        (
            "The account was already enrolled in Meta's marketing interface.",
            "La cuenta ya estaba inscrita en la interfaz de marketing de Meta.",
        ),
        ("Nothing to do.", "No hay que hacer nada."),
    ),
    row(
        2446079,
        ErrorClass.RETRY_LATER,
        WhoActs.META,
        Scope.APP,
        title=(
            "Meta has slowed our whole app down for a while.",
            "Meta ha frenado toda nuestra aplicación durante un rato.",
        ),
        action=_TRY_LATER,
        delays=(900.0, 1800.0, 3600.0),
    ),
)

ROWS: tuple[ErrorFacts, ...] = (*_NUMBERS, *_OTHERS)

# What a whole family of codes has in common; a code with its own row above goes first.
RANGES: tuple[tuple[range, ErrorFacts], ...] = (
    (
        range(131201, 131216),
        _account(
            131201,
            ("Meta refused a request about a group.", "Meta rechazó una petición sobre un grupo."),
            doc_url=_GROUPS_URL,
        ),
    ),
    (
        range(138000, 138026),
        _account(138000, ("Meta refused a call.", "Meta rechazó una llamada.")),
    ),
    (
        range(139000, 139005),
        _account(
            139000,
            (
                "A form (Flow) could not be published at Meta.",
                "No se pudo publicar un formulario (Flow) en Meta.",
            ),
        ),
    ),
    (
        range(141000, 142000),
        _account(
            141000,
            (
                "Meta's health check reports a problem that hinders sending.",
                "La comprobación de estado de Meta señala un problema que dificulta el envío.",
            ),
        ),
    ),
    (
        range(147001, 147006),
        _account(
            147001,
            (
                "Meta did not accept the WhatsApp user name.",
                "Meta no aceptó el nombre de usuario de WhatsApp.",
            ),
        ),
    ),
    (
        range(2494164, 2494180),
        _account(
            2494164,
            (
                "A sign-up link for WhatsApp could not be made or used.",
                "No se pudo crear o usar un enlace de alta de WhatsApp.",
            ),
        ),
    ),
)
