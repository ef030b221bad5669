"""What `make run` prints once everything is up."""

from __future__ import annotations

from typing import Any

from bakery_whatsapp.development.configuration import Configuration
from messaging import demo


def welcome(configuration: Configuration, prepared: dict[str, Any]) -> str:
    url = configuration.url
    bakery = demo.BAKERIES[1]
    admin, support = prepared["demo"]["admin"], prepared["demo"]["support"]
    lines = [
        "",
        f"Bakery WhatsApp is up at {url}  (Ctrl-C ends it, the data stays in {configuration.data_dir})",
        "",
        f"  {'Admin':<16} {url + '/admin/':<34} {admin['username']}  {admin['password']}",
        f"  {'Support':<16} {url + '/admin/':<34} {support['username']}  {support['password']}",
        *(
            f"  {owner['tenant']:<16} {url + '/':<34} {owner['username']}  {owner['password']}"
            for owner in prepared["demo"]["owners"]
            if owner["tenant_id"] == bakery.tenant_id
        ),
        f"  {'API':<16} {url + '/docs':<34} key {prepared['api_key']}",
    ]
    if configuration.environment.get("WHATSAPP_SIMULATOR") == "true":
        lines.append(
            f"  {'Phone screen':<16} {url + '/simulator/':<34} messages arrive here; nothing leaves this machine"
        )
    lines += [
        "",
        f"Send a purchase order's message for {bakery.name}:",
        "",
        send_curl(url, key=prepared["api_key"], tenant_id=bakery.tenant_id),
        "",
    ]
    return "\n".join(lines)


def send_curl(url: str, *, key: str, tenant_id: str) -> str:
    """The setup guide's step 8.3, to an invented supplier."""
    supplier = demo.SUPPLIERS[0]
    return f"""\
curl -X POST {url}/api/v1/whatsapp/send \\
-H "Authorization: Bearer {key}" \\
-H "Content-Type: application/json" \\
-d '{{
"tenant_id": "{tenant_id}",
"recipient_phone": "{supplier.phone}",
"recipient_name": "{supplier.name}",
"message_type": "template",
"template": {{
"template_name": "po_notification",
"language": "es",
"components": [
{{
"type": "body",
"parameters": [
{{"type": "text", "text": "{supplier.name}"}},
{{"type": "text", "text": "PO-TEST-001"}},
{{"type": "text", "text": "€150.00"}}
]
}}
]
}}
}}'"""
