"""Sending: templates and content. Source: Cloud API, Error codes, 2026-11-22."""

from __future__ import annotations

from messaging.graph_api.facts import (
    DOCUMENTATION,
    ErrorClass,
    ErrorFacts,
    Scope,
    WhoActs,
    row,
)

_SYNC_AND_COMPARE = (
    "Read the templates from Meta again, compare the values with the template and send the message again.",
    "Vuelve a leer las plantillas de Meta, compara los valores con la plantilla y envía otra vez el mensaje.",
)
_SHOW_DEVELOPER = (
    "Show Meta's details to a developer; sending it again unchanged will not help.",
    "Enseña los detalles de Meta a un desarrollador; enviarlo otra vez sin cambios no servirá.",
)
_CHECK_FILE = (
    "Upload the file again in a format WhatsApp takes, or check that its web address can be opened by "
    "anyone, and send the message again.",
    "Vuelve a subir el archivo en un formato que WhatsApp admita, o comprueba que su dirección web se "
    "abre sin contraseña, y envía otra vez el mensaje.",
)
_MARKETING_URL = f"{DOCUMENTATION}/marketing-messages/overview"
_PAUSING_URL = f"{DOCUMENTATION}/templates/template-pausing"

ROWS: tuple[ErrorFacts, ...] = (
    row(
        131008,
        ErrorClass.REQUEST,
        WhoActs.PLATFORM,
        Scope.MESSAGE,
        title=(
            "The message lacks a value that Meta requires.",
            "Al mensaje le falta un valor que Meta exige.",
        ),
        action=_SHOW_DEVELOPER,
    ),
    row(
        131009,
        ErrorClass.REQUEST,
        WhoActs.PLATFORM,
        Scope.MESSAGE,
        title=(
            "A value of the message is not valid for Meta, or the sending number is not in this account.",
            "Un valor del mensaje no es válido para Meta, o el número emisor no está en esta cuenta.",
        ),
        action=(
            "Check the values and that the sending number belongs to the account, then send it again.",
            "Revisa los valores y que el número emisor pertenezca a la cuenta, y envíalo otra vez.",
        ),
    ),
    row(
        131051,
        ErrorClass.REQUEST,
        WhoActs.PLATFORM,
        Scope.MESSAGE,
        title=(
            "WhatsApp does not support this type of message.",
            "WhatsApp no admite este tipo de mensaje.",
        ),
        action=(
            "If we sent it, show it to a developer. If the recipient did, ask them to write it as text.",
            "Si lo enviamos nosotros, enséñalo a un desarrollador. Si lo envió el destinatario, pídele que "
            "lo escriba como texto.",
        ),
    ),
    row(
        131052,
        ErrorClass.INFORMATION,
        WhoActs.SUPPLIER,
        Scope.MESSAGE,
        title=(
            "A file the recipient sent us could not be fetched; perhaps it is over 100 MB.",
            "No se pudo obtener un archivo que envió el destinatario; quizá pasa de 100 MB.",
        ),
        action=(
            "Ask the recipient to send a smaller file or to send it another way.",
            "Pide al destinatario que envíe un archivo más pequeño o que lo mande por otro medio.",
        ),
    ),
    row(
        131053,
        ErrorClass.REQUEST,
        WhoActs.PLATFORM,
        Scope.MESSAGE,
        title=(
            "Meta could not fetch or read the file of the message.",
            "Meta no pudo obtener o leer el archivo del mensaje.",
        ),
        action=_CHECK_FILE,
        doc_url=f"{DOCUMENTATION}/business-phone-numbers/media",
    ),
    row(
        131014,
        ErrorClass.REQUEST,
        WhoActs.PLATFORM,
        Scope.MESSAGE,
        title=(
            "The web address of the message's file answered with an error.",
            "La dirección web del archivo del mensaje respondió con un error.",
        ),
        action=_CHECK_FILE,
        doc_url=f"{DOCUMENTATION}/business-phone-numbers/media",
    ),
    row(
        131055,
        ErrorClass.REQUEST,
        WhoActs.PLATFORM,
        Scope.MESSAGE,
        title=(
            "Meta does not offer this way of sending for this message.",
            "Meta no ofrece esta forma de envío para este mensaje.",
        ),
        action=_SHOW_DEVELOPER,
    ),
    row(
        131060,
        ErrorClass.INFORMATION,
        WhoActs.SUPPLIER,
        Scope.MESSAGE,
        title=(
            "WhatsApp could not show us a message of the recipient.",
            "WhatsApp no pudo mostrarnos un mensaje del destinatario.",
        ),
        action=(
            "Ask the recipient to send it again.",
            "Pide al destinatario que lo envíe otra vez.",
        ),
    ),
    row(
        # Only promotions are hit: as an account error it would stop the orders of every bakery.
        131063,
        ErrorClass.TEMPLATE,
        WhoActs.PLATFORM,
        Scope.TEMPLATE,
        title=(
            "Promotional templates are switched off for our account on this interface of Meta's.",
            "Las plantillas promocionales están desactivadas para nuestra cuenta en esta interfaz de Meta.",
        ),
        action=(
            "Send only order messages, or switch marketing on again in the account's settings at Meta.",
            "Envía solo mensajes de pedidos o vuelve a activar el marketing en la configuración de la cuenta "
            "en Meta.",
        ),
        doc_url=_MARKETING_URL,
    ),
    row(
        132000,
        ErrorClass.TEMPLATE,
        WhoActs.PLATFORM,
        Scope.TEMPLATE,
        title=(
            "The message has more or fewer values than the template has places.",
            "El mensaje tiene más o menos valores que huecos tiene la plantilla.",
        ),
        action=_SYNC_AND_COMPARE,
    ),
    row(
        132001,
        ErrorClass.TEMPLATE,
        WhoActs.PLATFORM,
        Scope.TEMPLATE,
        title=(
            "Meta has no approved template of this name in this language.",
            "Meta no tiene una plantilla aprobada con este nombre en este idioma.",
        ),
        action=(
            "Read the templates from Meta again and pick a language that exists. A template approved just "
            "now needs two minutes.",
            "Vuelve a leer las plantillas de Meta y elige un idioma que exista. Una plantilla recién "
            "aprobada necesita dos minutos.",
        ),
        doc_url=f"{DOCUMENTATION}/templates/supported-languages",
    ),
    row(
        132005,
        ErrorClass.REQUEST,
        WhoActs.BAKERY,
        Scope.MESSAGE,
        title=(
            "With its values filled in, the message is too long for WhatsApp.",
            "Con los valores puestos, el mensaje es demasiado largo para WhatsApp.",
        ),
        action=(
            "Shorten the values, for example the list of articles, and send it again.",
            "Acorta los valores, por ejemplo la lista de artículos, y envíalo otra vez.",
        ),
    ),
    row(
        132007,
        ErrorClass.TEMPLATE,
        WhoActs.PLATFORM,
        Scope.TEMPLATE,
        title=(
            "The content of this template breaks a policy of WhatsApp's.",
            "El contenido de esta plantilla incumple una política de WhatsApp.",
        ),
        action=(
            "Edit the template in WhatsApp Manager following Meta's policy and have it approved again.",
            "Edita la plantilla en el Administrador de WhatsApp según la política de Meta y vuelve a pedir su "
            "aprobación.",
        ),
        doc_url=f"{DOCUMENTATION}/templates/template-review",
    ),
    row(
        132008,
        ErrorClass.REQUEST,
        WhoActs.BAKERY,
        Scope.MESSAGE,
        title=(
            "A value of the message breaks one of Meta's rules for templates.",
            "Un valor del mensaje incumple una regla de Meta para plantillas.",
        ),
        action=(
            "Write the value in plain words, without links, codes or line breaks, and send it again.",
            "Escribe el valor con palabras sencillas, sin enlaces, códigos ni saltos de línea, y envíalo "
            "otra vez.",
        ),
    ),
    row(
        132012,
        ErrorClass.TEMPLATE,
        WhoActs.PLATFORM,
        Scope.TEMPLATE,
        title=(
            "A value has another kind than the template asks for, such as text where a file belongs.",
            "Un valor es de otro tipo del que pide la plantilla, por ejemplo texto donde va un archivo.",
        ),
        action=_SYNC_AND_COMPARE,
    ),
    row(
        132015,
        ErrorClass.TEMPLATE,
        WhoActs.PLATFORM,
        Scope.TEMPLATE,
        title=(
            "Meta paused this template because recipients disliked it.",
            "Meta pausó esta plantilla porque no gustó a los destinatarios.",
        ),
        action=(
            "Edit it on the template's page, or wait until Meta resumes it; what was refused must be sent again.",
            "Edítala en la página de la plantilla o espera a que Meta la reanude; lo rechazado hay que "
            "enviarlo otra vez.",
        ),
        doc_url=_PAUSING_URL,
    ),
    row(
        132016,
        ErrorClass.TEMPLATE,
        WhoActs.PLATFORM,
        Scope.TEMPLATE,
        title=(
            "Meta has disabled this template for good.",
            "Meta ha desactivado esta plantilla para siempre.",
        ),
        action=(
            "Create a new template with another name and better wording, and use that one.",
            "Crea una plantilla nueva con otro nombre y mejor redacción, y usa esa.",
        ),
        doc_url=_PAUSING_URL,
    ),
    row(
        132018,
        ErrorClass.REQUEST,
        WhoActs.BAKERY,
        Scope.MESSAGE,
        title=(
            "A value is empty or has line breaks, tabs or too many blanks in a row.",
            "Un valor está vacío o tiene saltos de línea, tabuladores o demasiados espacios seguidos.",
        ),
        action=(
            "Write the value on one line and send the message again.",
            "Escribe el valor en una sola línea y envía otra vez el mensaje.",
        ),
    ),
    row(
        132068,
        ErrorClass.TEMPLATE,
        WhoActs.PLATFORM,
        Scope.TEMPLATE,
        title=(
            "The form (Flow) inside this template is blocked by Meta.",
            "El formulario (Flow) de esta plantilla está bloqueado por Meta.",
        ),
        action=(
            "Open the Flow in WhatsApp Manager and mend what Meta lists there.",
            "Abre el Flow en el Administrador de WhatsApp y corrige lo que Meta indica.",
        ),
    ),
    row(
        132069,
        ErrorClass.RETRY_LATER,
        WhoActs.META,
        Scope.TEMPLATE,
        title=(
            "The form (Flow) inside this template may be sent only ten times an hour for now.",
            "El formulario (Flow) de esta plantilla solo puede enviarse diez veces por hora de momento.",
        ),
        action=(
            "Nothing to do: the message follows within the hour. Mend the Flow in WhatsApp Manager to lift "
            "the limit.",
            "No hay que hacer nada: el mensaje sale en menos de una hora. Corrige el Flow en el "
            "Administrador de WhatsApp para quitar el límite.",
        ),
        delays=(600.0, 1800.0, 3600.0),
    ),
    row(
        134100,
        ErrorClass.REQUEST,
        WhoActs.PLATFORM,
        Scope.TEMPLATE,
        title=(
            "Meta's marketing interface takes only promotional templates, and this is none.",
            "La interfaz de marketing de Meta solo admite plantillas promocionales, y esta no lo es.",
        ),
        action=_SHOW_DEVELOPER,
        doc_url=_MARKETING_URL,
    ),
    row(
        134101,
        ErrorClass.RETRY_LATER,
        WhoActs.META,
        Scope.TEMPLATE,
        title=(
            "Meta is still preparing this new template; it takes about ten minutes.",
            "Meta aún está preparando esta plantilla nueva; tarda unos diez minutos.",
        ),
        action=(
            "Nothing to do: the message is sent again by itself.",
            "No hay que hacer nada: el mensaje se envía otra vez solo.",
        ),
        delays=(600.0, 600.0, 1800.0),
        doc_url=_MARKETING_URL,
    ),
    row(
        # Only promotions are hit: as an account error it would stop the orders of every bakery.
        134102,
        ErrorClass.TEMPLATE,
        WhoActs.PLATFORM,
        Scope.TEMPLATE,
        title=(
            "Meta's marketing interface is not available to our account.",
            "La interfaz de marketing de Meta no está disponible para nuestra cuenta.",
        ),
        action=(
            "Finish Meta's marketing set-up in WhatsApp Manager, or send promotions the usual way.",
            "Completa la configuración de marketing de Meta en el Administrador de WhatsApp o envía las "
            "promociones de la forma habitual.",
        ),
        doc_url=_MARKETING_URL,
    ),
    row(
        134103,
        ErrorClass.REQUEST,
        WhoActs.PLATFORM,
        Scope.MESSAGE,
        title=(
            "Meta's marketing interface refused the message.",
            "La interfaz de marketing de Meta rechazó el mensaje.",
        ),
        action=_SHOW_DEVELOPER,
        doc_url=_MARKETING_URL,
    ),
)
