"""The same questions for a shell: what a line of the set-up asks, as a curl whose token is a variable."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings

from messaging.models import SetupKey
from messaging.services.webhook_address import our_address

if TYPE_CHECKING:
    from messaging.services.setup.lines import SetupLine
    from tenants.models import WhatsAppBusinessAccount

# Never the token itself: whoever pastes this has it in the environment.
AS_SYSTEM_USER = '-H "Authorization: Bearer $WHATSAPP_ACCESS_TOKEN"'
_AS_APP = '-H "Authorization: Bearer $WHATSAPP_APP_ID|$WHATSAPP_APP_SECRET"'
_OF_THE_APP = frozenset(
    {SetupKey.APP_SECRET, SetupKey.SYSTEM_USER, SetupKey.TOKEN, SetupKey.WEBHOOK}
)


def curl_of(line: SetupLine, account: WhatsAppBusinessAccount | None) -> str:
    """Return the curl, empty where a line asks nobody."""
    if line.key == SetupKey.TEST:
        return _sending()
    if not line.call:
        return ""
    graph = f"{settings.WHATSAPP_GRAPH_URL}/{settings.WHATSAPP_API_VERSION}"
    path = _path(line, account)
    token = _AS_APP if line.key in _OF_THE_APP else AS_SYSTEM_USER
    asked = f'curl "{graph}{path}" \\\n  {token}'
    if line.key != SetupKey.WEBHOOK:
        return asked
    query = "hub.verify_token=$WHATSAPP_WEBHOOK_VERIFY_TOKEN&hub.challenge=12345"
    return f'curl "{our_address()}?{query}"\n{asked}'


def _path(line: SetupLine, account: WhatsAppBusinessAccount | None) -> str:
    if line.key == SetupKey.APP_SECRET:
        return "/debug_token?input_token=$WHATSAPP_APP_ID|$WHATSAPP_APP_SECRET"
    if line.key in (SetupKey.SYSTEM_USER, SetupKey.TOKEN):
        return "/debug_token?input_token=$WHATSAPP_ACCESS_TOKEN"
    path = line.call.partition(" ")[2]
    ids = {
        "waba_id": account.waba_id if account else "$WHATSAPP_BUSINESS_ACCOUNT_ID",
        "app_id": account.app_id if account and account.app_id else "$WHATSAPP_APP_ID",
    }
    return path.format(**ids)


def _sending() -> str:
    """The guide's step 8.3, which goes the way orders go."""
    body = (
        '{"tenant_id": "…", "recipient_phone": "+34…", "message_type": "template", "template": '
        '{"template_name": "po_notification", "language": "es", "components": [{"type": "body", "parameters": '
        '[{"type": "text", "text": "Juan García"}, {"type": "text", "text": "PO-TEST-001"}, '
        '{"type": "text", "text": "€150.00"}]}]}}'
    )
    return (
        f'curl -X POST {settings.SITE_URL}/api/v1/whatsapp/send \\\n  -H "Authorization: Bearer $API_KEY" \\\n'
        f"  -H \"Content-Type: application/json\" \\\n  -d '{body}'"
    )
