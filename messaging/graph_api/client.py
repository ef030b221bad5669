"""The one way to Meta: every call of ours to the Graph API."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from messaging.graph_api import payloads
from messaging.graph_api.errors import (
    GraphApiError,
    NoAnswerError,
)
from messaging.graph_api.failures import Failure
from messaging.graph_api.kept_answers import kept
from messaging.graph_api.number_calls import NumberCalls
from messaging.graph_api.template_calls import TemplateCalls
from messaging.graph_api.transport import new_session
from messaging.graph_api.values import (
    PhoneNumberFacts,
    SentMessage,
    SubscribedApp,
    TemplateFacts,
    TokenFacts,
)
from messaging.graph_api.webhook_values import (
    AppSubscription,
    DeliveryEvent,
    WebhookConfiguration,
    delivery_events,
)

__all__ = [
    "AppSubscription",
    "DeliveryEvent",
    "GraphApi",
    "PhoneNumberFacts",
    "SentMessage",
    "SubscribedApp",
    "TemplateFacts",
    "TokenFacts",
    "WebhookConfiguration",
    "new_session",
]

# One unknown field fails a whole read, so what every edition documents is asked for apart from the rest.
# Source: Business phone numbers; WhatsApp Business Account; Template management, 2026-11-22.
PHONE_NUMBER_FIELDS = (
    "id,display_phone_number,verified_name,quality_rating,code_verification_status"
)
PHONE_NUMBER_OPTIONAL_FIELDS = (
    "id,status,name_status,new_name_status,throughput,platform_type,account_mode,"
    "is_official_business_account,whatsapp_business_manager_messaging_limit"
)
ACCOUNT_FIELDS = "id,name,currency,timezone_id,message_template_namespace"
ACCOUNT_OPTIONAL_FIELDS = (
    "id,status,country,account_review_status,business_verification_status,ownership_type,"
    "owner_business_info,primary_funding_id,health_status"
)
TEMPLATE_FIELDS = "id,name,language,category,status,components,parameter_format"
TEMPLATE_OPTIONAL_FIELDS = "quality_score,rejected_reason,previous_category,correct_category"
HISTORY_FIELDS = (
    "id,message_id,events{delivery_status,timestamp,webhook_update_state,application,webhook_uri,"
    "error_description}"
)
_BAD_PARAMETER = 100
_STALE_CURSOR = 131059


class GraphApi(NumberCalls, TemplateCalls):
    """Calls with one token. Every method raises a GraphApiError; only sending may end unknown."""

    def send_message(self, phone_number_id: str, payload: Mapping[str, object]) -> SentMessage:
        """POST one message. NoAnswerError: it may have been sent; NotSentError: it was not."""
        response = self._send(phone_number_id, payload)
        answer = self._answer(response)
        sent = SentMessage.from_meta(answer, http_status=response.status_code)
        if sent is None:
            raise NoAnswerError(
                "The answer names no message id",
                http_status=response.status_code,
                failure=Failure.NOT_META,
                answer=kept(answer),
            )
        return sent

    def send_text(
        self,
        phone_number_id: str,
        *,
        to: str,
        user_id: str = "",
        body: str,
        callback_data: str = "",
    ) -> SentMessage:
        """POST one free text, to a number or, where it is empty, to a user id; raises as `send_message` does.

        Meta takes it only within 24 h of the recipient's last message, else 131047.
        """
        payload = payloads.text_message(
            to=to, user_id=user_id, body=body, callback_data=callback_data
        )
        return self.send_message(phone_number_id, payload)

    def phone_numbers(self, waba_id: str) -> list[PhoneNumberFacts]:
        """Return all numbers of the account, in Meta's order."""
        rows = self._rows(waba_id, "phone_numbers", fields=PHONE_NUMBER_FIELDS)
        more = self._optional_rows(waba_id, "phone_numbers", fields=PHONE_NUMBER_OPTIONAL_FIELDS)
        facts = [PhoneNumberFacts.from_meta(row | more.get(str(row.get("id")), {})) for row in rows]
        return [number for number in facts if number is not None]

    def phone_number(self, phone_number_id: str) -> PhoneNumberFacts:
        """Return one number; what Meta does not know about it is None."""
        row = self._node(phone_number_id, PHONE_NUMBER_FIELDS, PHONE_NUMBER_OPTIONAL_FIELDS)
        facts = PhoneNumberFacts.from_meta(row)
        if facts is None:
            raise NoAnswerError("The answer names no phone number", http_status=200)
        return facts

    def message_templates(self, waba_id: str) -> list[TemplateFacts]:
        """Return all templates in all languages; starts once more when the cursor went stale (131059)."""
        try:
            rows = self._template_rows(waba_id)
        except GraphApiError as error:
            if error.code != _STALE_CURSOR:
                raise
            rows = self._template_rows(waba_id)
        facts = [TemplateFacts.from_meta(row) for row in rows]
        return [template for template in facts if template is not None]

    def debug_token(self, input_token: str, *, app_id: str, app_secret: str) -> TokenFacts:
        """Return what Meta knows of `input_token`, asked with the token of the same app."""
        app_token = f"{app_id}|{app_secret}"
        answer = self._call(
            "GET",
            "debug_token",
            params={"input_token": input_token},
            token=app_token,
            proof_secret=app_secret,
        )
        facts = TokenFacts.from_meta(answer.get("data"))
        if facts is None:
            raise NoAnswerError("The answer says nothing about the token", http_status=200)
        return facts

    def exchange_token(self, current: str, *, app_id: str, app_secret: str) -> str:
        """Return a new 60-day token for one that has not expired; the current one stays valid until its own end.

        Source: System user tokens, 2026-11-22.
        """
        answer = self._call(
            "GET",
            "oauth",
            "access_token",
            params={
                "grant_type": "fb_exchange_token",
                "client_id": app_id,
                "client_secret": app_secret,
                "set_token_expires_in_60_days": "true",
                "fb_exchange_token": current,
            },
        )
        token = answer.get("access_token")
        if not isinstance(token, str) or not token:
            raise NoAnswerError("The answer holds no token", http_status=200)
        return token

    def revoke_token(self, revoked: str, *, app_id: str, app_secret: str) -> None:
        """End one token for good; our own names the caller. Source: System user tokens, 2026-11-22."""
        answer = self._call(
            "GET",
            "oauth",
            "revoke",
            params={"client_id": app_id, "client_secret": app_secret, "revoke_token": revoked},
        )
        if answer.get("success") is not True:
            raise NoAnswerError("The answer does not confirm the revocation", http_status=200)

    def subscribed_apps(self, waba_id: str) -> list[SubscribedApp]:
        """Return the apps that get webhooks of the account."""
        rows = [SubscribedApp.from_meta(row) for row in self._rows(waba_id, "subscribed_apps")]
        return [app for app in rows if app is not None]

    def subscribe_app(self, waba_id: str) -> None:
        """Subscribe our app to the account's webhooks; harmless when it is. Removes an account override."""
        answer = self._call("POST", waba_id, "subscribed_apps")
        if answer.get("success") is not True:
            raise NoAnswerError("The answer does not confirm the subscription", http_status=200)

    def webhook_configuration(self, phone_number_id: str) -> WebhookConfiguration | None:
        """Return where a number's webhooks go; None when Meta does not tell."""
        row = self._call("GET", phone_number_id, params={"fields": "webhook_configuration"})
        return WebhookConfiguration.from_meta(row)

    def app_subscriptions(self, *, app_id: str, app_secret: str) -> list[AppSubscription]:
        """Return what the app is subscribed to, asked with the app's own token."""
        answer = self._call(
            "GET",
            app_id,
            "subscriptions",
            token=f"{app_id}|{app_secret}",
            proof_secret=app_secret,
        )
        rows = answer.get("data")
        if not isinstance(rows, list):
            raise NoAnswerError("The answer holds no list", http_status=200)
        return [AppSubscription.from_meta(row) for row in rows if isinstance(row, dict)]

    def subscribe_to_fields(
        self,
        *,
        app_id: str,
        app_secret: str,
        callback_url: str,
        verify_token: str,
        fields: Collection[str],
    ) -> None:
        """Have the app told of exactly these fields, at this address, which Meta verifies at once.

        An app has one address: another one is overwritten. Source: WhatsApp's webhook guide allows it, the reference of
        App subscriptions calls WhatsApp a matter of the dashboard; both 2026-11-22, so a refusal is to be expected too.
        """
        answer = self._call(
            "POST",
            app_id,
            "subscriptions",
            # Not in the query: the verify token would stand in every log of addresses.
            body={
                "object": "whatsapp_business_account",
                "callback_url": callback_url,
                "verify_token": verify_token,
                "fields": ",".join(fields),
                "include_values": True,
            },
            token=f"{app_id}|{app_secret}",
            proof_secret=app_secret,
        )
        if answer.get("success") not in (True, "true"):
            raise NoAnswerError("The answer does not confirm the fields", http_status=200)

    def message_history(self, phone_number_id: str, wamid: str) -> list[DeliveryEvent]:
        """Return what Meta knows became of one message, oldest first; an unknown wamid is HTTP 422, code 100."""
        answer = self._call(
            "GET",
            phone_number_id,
            "message_history",
            params={"message_id": wamid, "fields": HISTORY_FIELDS, "limit": "25"},
        )
        rows = answer.get("data")
        if not isinstance(rows, list):
            raise NoAnswerError("The answer holds no list", http_status=200)
        return delivery_events([row for row in rows if isinstance(row, dict)], wamid=wamid)

    def account(self, waba_id: str) -> dict[str, Any]:
        """Return Meta's own words about the account; a missing `primary_funding_id` means nobody pays."""
        return self._node(waba_id, ACCOUNT_FIELDS, ACCOUNT_OPTIONAL_FIELDS)

    def _node(self, node_id: str, fields: str, optional_fields: str) -> dict[str, Any]:
        row = self._call("GET", node_id, params={"fields": fields})
        try:
            row |= self._call("GET", node_id, params={"fields": optional_fields})
        except GraphApiError:
            return row  # Worth less than the answer we have.
        return row

    def _template_rows(self, waba_id: str) -> list[dict[str, Any]]:
        try:
            fields = f"{TEMPLATE_FIELDS},{TEMPLATE_OPTIONAL_FIELDS}"
            return self._rows(waba_id, "message_templates", fields=fields)
        except GraphApiError as error:
            if error.code != _BAD_PARAMETER or error.subcode is not None:
                raise
            return self._rows(waba_id, "message_templates", fields=TEMPLATE_FIELDS)

    def _optional_rows(self, *path: str, fields: str) -> dict[str, dict[str, Any]]:
        try:
            return {str(row.get("id")): row for row in self._rows(*path, fields=fields)}
        except GraphApiError:
            return {}
