"""Sending: account, billing and registration. Source: Cloud API, Error codes, 2026-11-22."""

from __future__ import annotations

from messaging.graph_api.facts import DOCUMENTATION, ErrorClass, ErrorFacts, Scope, WhoActs, row

_REGISTER = (
    "Register the number with its PIN on the numbers page, then check that Meta shows it as CONNECTED.",
    "Registra el número con su PIN en la página de números y comprueba que Meta lo muestra como CONNECTED.",
)
_REGISTRATION_URL = f"{DOCUMENTATION}/business-phone-numbers/registration"

ROWS: tuple[ErrorFacts, ...] = (
    row(
        131005,
        ErrorClass.CREDENTIAL,
        WhoActs.PLATFORM,
        Scope.ACCOUNT,
        title=(
            "Meta denied access: our token lacks a permission, or it was taken away.",
            "Meta denegó el acceso: a nuestro token le falta un permiso, o se le ha retirado.",
        ),
        action=(
            "In Meta Business Suite, give the system user both WhatsApp permissions and the account, create "
            "a new token and paste it on the page Access token in the admin.",
            "En Meta Business Suite, da al usuario del sistema los dos permisos de WhatsApp y la cuenta, "
            "crea un token nuevo y pégalo en la página Token de acceso de la administración.",
        ),
    ),
    row(
        131031,
        ErrorClass.ACCOUNT,
        WhoActs.PLATFORM,
        Scope.ACCOUNT,
        title=(
            "Meta has locked the WhatsApp account, or did not accept the data it checked.",
            "Meta ha bloqueado la cuenta de WhatsApp, o no aceptó los datos que comprobó.",
        ),
        action=(
            "Open Business Support Home at Meta, read why and appeal. After registering a number, check its "
            "PIN. No bakery can send until then.",
            "Abre el centro de asistencia para empresas de Meta, lee el motivo y apela. Si acabas de "
            "registrar un número, revisa su PIN. Hasta entonces ninguna panadería puede enviar.",
        ),
    ),
    row(
        131037,
        ErrorClass.ACCOUNT,
        WhoActs.PLATFORM,
        Scope.NUMBER,
        title=(
            "This number was lent by Meta and cannot send until its display name is approved.",
            "Este número lo presta Meta y no puede enviar hasta que se apruebe su nombre para mostrar.",
        ),
        action=(
            "Ask for the display name's approval in WhatsApp Manager, or assign the bakery another number.",
            "Pide la aprobación del nombre para mostrar en el Administrador de WhatsApp o asigna otro número "
            "a la panadería.",
        ),
        doc_url=f"{DOCUMENTATION}/display-names",
    ),
    row(
        131042,
        ErrorClass.ACCOUNT,
        WhoActs.PLATFORM,
        Scope.ACCOUNT,
        title=(
            "Meta cannot charge for the message: the account's payment has a problem.",
            "Meta no puede cobrar el mensaje: hay un problema con el pago de la cuenta.",
        ),
        action=(
            "Check the payment method, the credit, the currency and the time zone in Meta's billing pages. "
            "Until then no bakery can send.",
            "Revisa el método de pago, el crédito, la moneda y la zona horaria en la facturación de Meta. "
            "Hasta entonces ninguna panadería puede enviar.",
        ),
    ),
    row(
        131044,
        ErrorClass.OPERATIONS,
        WhoActs.PLATFORM,
        Scope.ACCOUNT,
        title=(
            "Meta cannot charge for calls: the account's payment has a problem.",
            "Meta no puede cobrar las llamadas: hay un problema con el pago de la cuenta.",
        ),
        action=(
            "Check the payment method in Meta's billing pages. Messages are not affected by this notice.",
            "Revisa el método de pago en la facturación de Meta. Este aviso no afecta a los mensajes.",
        ),
    ),
    row(
        131045,
        ErrorClass.ACCOUNT,
        WhoActs.PLATFORM,
        Scope.NUMBER,
        title=(
            "The registration of this sending number at Meta is broken.",
            "El registro de este número emisor en Meta está dañado.",
        ),
        action=_REGISTER,
        doc_url=_REGISTRATION_URL,
    ),
    row(
        133010,
        ErrorClass.ACCOUNT,
        WhoActs.PLATFORM,
        Scope.NUMBER,
        title=(
            "This sending number is not registered at Meta.",
            "Este número emisor no está registrado en Meta.",
        ),
        action=_REGISTER,
        doc_url=_REGISTRATION_URL,
    ),
    row(
        134011,
        ErrorClass.OPERATIONS,
        WhoActs.PLATFORM,
        Scope.ACCOUNT,
        title=(
            "The terms of WhatsApp Payments have not been accepted.",
            "No se han aceptado las condiciones de WhatsApp Payments.",
        ),
        action=(
            "Accept the terms in WhatsApp Manager if payments are to be used; messages do not need them.",
            "Acepta las condiciones en el Administrador de WhatsApp si vas a usar los pagos; los mensajes no "
            "las necesitan.",
        ),
    ),
)
