"""Sending: limits, service troubles and recipients. Source: Cloud API, Error codes, 2026-11-22."""

from __future__ import annotations

from messaging.graph_api.facts import (
    DOCUMENTATION,
    USUAL_RETRIES,
    ErrorClass,
    ErrorFacts,
    Scope,
    WhoActs,
    row,
)

_BY_ITSELF = (
    "Nothing to do: the message is sent again by itself.",
    "No hay que hacer nada: el mensaje se envía otra vez solo.",
)
_THROUGHPUT_URL = f"{DOCUMENTATION}/throughput"

ROWS: tuple[ErrorFacts, ...] = (
    row(
        130429,
        ErrorClass.RETRY_LATER,
        WhoActs.META,
        Scope.NUMBER,
        title=(
            "This sending number has reached Meta's limit of messages per second.",
            "Este número emisor ha llegado al límite de mensajes por segundo de Meta.",
        ),
        action=(
            "Nothing to do: the number sends more slowly for a moment and the message follows.",
            "No hay que hacer nada: el número envía más despacio un momento y el mensaje sale después.",
        ),
        delays=(1.0, 2.0, 3.0, 5.0),
        doc_url=_THROUGHPUT_URL,
    ),
    row(
        131048,
        ErrorClass.ACCOUNT,
        WhoActs.PLATFORM,
        Scope.NUMBER,
        title=(
            "Meta is holding this number back because too many recipients blocked or reported it.",
            "Meta frena este número porque demasiados destinatarios lo bloquearon o denunciaron.",
        ),
        action=(
            "Pause everything this number need not send, look at its quality in WhatsApp Manager and try "
            "again in an hour at the earliest.",
            "Detén todo lo que este número no tenga que enviar, mira su calidad en el Administrador de "
            "WhatsApp y vuelve a intentarlo como pronto dentro de una hora.",
        ),
        delays=(3600.0,),
    ),
    row(
        131056,
        ErrorClass.RETRY_LATER,
        WhoActs.META,
        Scope.PAIR,
        title=(
            "Too many messages went from this number to the same recipient in a short time.",
            "Se enviaron demasiados mensajes desde este número al mismo destinatario en poco tiempo.",
        ),
        action=(
            "Nothing to do: this recipient's messages wait some seconds, all others go on.",
            "No hay que hacer nada: los mensajes de este destinatario esperan unos segundos, los demás siguen.",
        ),
        delays=(1.0, 4.0, 16.0, 64.0, 256.0),
        doc_url=_THROUGHPUT_URL,
    ),
    row(
        131064,
        ErrorClass.ACCOUNT,
        WhoActs.PLATFORM,
        Scope.ACCOUNT,
        title=(
            "Meta stopped our templates for a while because some were in the wrong category.",
            "Meta detuvo nuestras plantillas un tiempo porque algunas estaban en una categoría equivocada.",
        ),
        action=(
            "Read the notice in WhatsApp Manager, move promotional templates to the marketing category and "
            "wait until the block ends.",
            "Lee el aviso en el Administrador de WhatsApp, pasa las plantillas promocionales a la categoría "
            "de marketing y espera a que termine el bloqueo.",
        ),
    ),
    row(
        131000,
        ErrorClass.RETRY,
        WhoActs.META,
        Scope.MESSAGE,
        title=(
            "Meta could not send the message and does not say why.",
            "Meta no pudo enviar el mensaje y no dice por qué.",
        ),
        action=(
            "It is tried again three times by itself. If it still fails, give Meta's support the trace id.",
            "Se intenta otras tres veces solo. Si sigue fallando, da al soporte de Meta el identificador "
            "de traza.",
        ),
        delays=(5.0, 25.0, 120.0),
    ),
    row(
        131016,
        ErrorClass.RETRY,
        WhoActs.META,
        Scope.ACCOUNT,
        title=(
            "A part of Meta's service is not available for the moment.",
            "Una parte del servicio de Meta no está disponible en este momento.",
        ),
        action=_BY_ITSELF,
        delays=USUAL_RETRIES,
    ),
    row(
        131057,
        ErrorClass.RETRY_LATER,
        WhoActs.META,
        Scope.NUMBER,
        title=(
            "Meta is doing maintenance on this sending number; it takes about a minute.",
            "Meta está haciendo mantenimiento en este número emisor; dura más o menos un minuto.",
        ),
        action=_BY_ITSELF,
        delays=(60.0, 60.0, 120.0, 300.0),
    ),
    row(
        133004,
        ErrorClass.RETRY,
        WhoActs.META,
        Scope.NUMBER,
        title=(
            "Meta's server for this number is not available for the moment.",
            "El servidor de Meta para este número no está disponible en este momento.",
        ),
        action=_BY_ITSELF,
        delays=USUAL_RETRIES,
    ),
    row(
        135000,
        ErrorClass.REQUEST,
        WhoActs.PLATFORM,
        Scope.MESSAGE,
        title=(
            "Meta did not accept the message because of one of its values, without saying which.",
            "Meta no aceptó el mensaje por uno de sus valores, sin decir cuál.",
        ),
        action=(
            "Compare the values with the template and send it again once; if it still fails, show it to a "
            "developer.",
            "Compara los valores con la plantilla y envíalo otra vez; si sigue fallando, enséñalo a un "
            "desarrollador.",
        ),
    ),
    row(
        130403,
        ErrorClass.RECIPIENT,
        WhoActs.BAKERY,
        Scope.RECIPIENT,
        title=(
            "We have blocked this recipient on WhatsApp ourselves.",
            "Nosotros mismos hemos bloqueado a este destinatario en WhatsApp.",
        ),
        action=(
            "Ask the platform to unblock the recipient if the bakery wants to write to them again.",
            "Pide a la plataforma que desbloquee al destinatario si la panadería quiere volver a escribirle.",
        ),
        doc_url=f"{DOCUMENTATION}/block-users",
    ),
    row(
        130472,
        ErrorClass.RECIPIENT,
        WhoActs.META,
        Scope.MESSAGE,
        title=(
            "Meta kept this promotional message back as part of an experiment; it costs nothing.",
            "Meta retuvo este mensaje promocional como parte de un experimento; no se cobra.",
        ),
        action=(
            "Do not send it again. If it matters, reach the recipient another way.",
            "No lo envíes otra vez. Si es importante, avisa al destinatario por otro medio.",
        ),
        doc_url=f"{DOCUMENTATION}/support/experiments",
    ),
    row(
        131021,
        ErrorClass.RECIPIENT,
        WhoActs.BAKERY,
        Scope.RECIPIENT,
        title=(
            "The recipient's number is the number the message would be sent from.",
            "El número del destinatario es el mismo desde el que saldría el mensaje.",
        ),
        action=(
            "Correct the recipient's number in the order and send it again.",
            "Corrige el número del destinatario en el pedido y envíalo otra vez.",
        ),
    ),
    row(
        131026,
        ErrorClass.RECIPIENT,
        WhoActs.BAKERY,
        Scope.RECIPIENT,
        title=(
            "WhatsApp could not deliver the message to this number.",
            "WhatsApp no pudo entregar el mensaje a este número.",
        ),
        action=(
            "Check the number with the recipient and ask whether they use WhatsApp, have updated it and "
            "have accepted its terms. Until then call or write an e-mail.",
            "Confirma el número con el destinatario y pregúntale si usa WhatsApp, si lo tiene actualizado y "
            "si ha aceptado sus condiciones. Mientras tanto, llama o escribe un correo.",
        ),
    ),
    row(
        131030,
        ErrorClass.RECIPIENT,
        WhoActs.PLATFORM,
        Scope.RECIPIENT,
        title=(
            "The message went out from a test number, which may only write to a few listed recipients.",
            "El mensaje salió de un número de prueba, que solo puede escribir a unos pocos destinatarios "
            "de una lista.",
        ),
        action=(
            "Assign the bakery a real sending number, or add the recipient to the test number's list at Meta.",
            "Asigna a la panadería un número emisor real o añade el destinatario a la lista del número de "
            "prueba en Meta.",
        ),
    ),
    row(
        131047,
        ErrorClass.RECIPIENT,
        WhoActs.BAKERY,
        Scope.PAIR,
        title=(
            "The recipient last wrote more than 24 hours ago, so only templates may be sent.",
            "El destinatario escribió por última vez hace más de 24 horas, así que solo se pueden enviar "
            "plantillas.",
        ),
        action=(
            "Send an approved template, or wait until the recipient writes again.",
            "Envía una plantilla aprobada o espera a que el destinatario vuelva a escribir.",
        ),
    ),
    row(
        131049,
        ErrorClass.RECIPIENT,
        WhoActs.META,
        Scope.RECIPIENT,
        title=(
            "Meta kept this message back because the recipient has had many promotional messages lately.",
            "Meta retuvo este mensaje porque el destinatario ha recibido muchos mensajes promocionales "
            "últimamente.",
        ),
        action=(
            "Do not send it again within 24 hours: that makes it worse. Reach the recipient another way if "
            "it matters.",
            "No lo envíes otra vez antes de 24 horas: empeora las cosas. Si es importante, avisa al "
            "destinatario por otro medio.",
        ),
    ),
    row(
        131050,
        ErrorClass.RECIPIENT,
        WhoActs.SUPPLIER,
        Scope.RECIPIENT,
        title=(
            "The recipient no longer wants promotional messages from us.",
            "El destinatario ya no quiere recibir mensajes promocionales nuestros.",
        ),
        action=(
            "Respect it: send no more promotions. Order messages may still be sent.",
            "Respétalo: no envíes más promociones. Los mensajes de pedidos sí se pueden enviar.",
        ),
    ),
    row(
        131062,
        ErrorClass.RECIPIENT,
        WhoActs.PLATFORM,
        Scope.RECIPIENT,
        title=(
            "This kind of message needs the recipient's telephone number, and we used their WhatsApp id.",
            "Este tipo de mensaje necesita el teléfono del destinatario y usamos su identificador de WhatsApp.",
        ),
        action=(
            "Ask the recipient for their telephone number and send the message to it.",
            "Pide al destinatario su número de teléfono y envíale el mensaje a ese número.",
        ),
        doc_url=f"{DOCUMENTATION}/business-scoped-user-ids",
    ),
    row(
        137000,
        ErrorClass.RECIPIENT,
        WhoActs.BAKERY,
        Scope.RECIPIENT,
        title=(
            "The recipient's WhatsApp identity has changed, perhaps with a new telephone.",
            "La identidad de WhatsApp del destinatario ha cambiado, quizá por un teléfono nuevo.",
        ),
        action=(
            "Make sure by a call that the number still belongs to them, then send the message again.",
            "Asegúrate con una llamada de que el número sigue siendo suyo y envía otra vez el mensaje.",
        ),
    ),
    row(
        130497,
        ErrorClass.ACCOUNT,
        WhoActs.PLATFORM,
        Scope.COUNTRY,
        title=(
            "Our account may not send messages to the recipient's country.",
            "Nuestra cuenta no puede enviar mensajes al país del destinatario.",
        ),
        action=(
            "Reach recipients in that country another way, and ask Meta's support whether it can be opened.",
            "Avisa por otro medio a los destinatarios de ese país y pregunta al soporte de Meta si se puede "
            "abrir.",
        ),
    ),
)
