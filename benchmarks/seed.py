"""The rows every measurement stands on, with a bakery for each number; prints their keys as JSON. `python -m benchmarks.seed NUMBERS`."""

from __future__ import annotations

import json
import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bakery_whatsapp.settings")


def main(numbers: int) -> None:
    django.setup()
    from messaging import demo
    from messaging.models import MessageTemplate
    from messaging.services.accounts import current_account
    from tenants.models import ApiKey, PhoneNumber, PhoneNumberAssignment, Tenant
    from tenants.services.api_keys import create_api_key

    account = current_account()
    template, _created = MessageTemplate.objects.get_or_create(
        account=account,
        name="po_notification",
        language="es",
        defaults={
            "status": "APPROVED",
            "category": "UTILITY",
            "components": demo.TEMPLATES[0]["components"],
        },
    )
    keys, tenants = [], []
    for place in range(numbers):
        number, _created = PhoneNumber.objects.update_or_create(
            phone_number_id=str(123456789012345 + place),
            defaults={
                "account": account,
                "display_phone_number": f"+3461{2345678 + place}",
                "is_default": place == 0,
                # The benchmark writes to more people than any limit allows.
                "messaging_limit": "TIER_UNLIMITED",
            },
        )
        tenant = Tenant.objects.create(
            name=f"Panadería {place}", slug=f"panaderia-{place}", whatsapp_enabled=True
        )
        if not number.is_default:
            PhoneNumberAssignment.objects.create(tenant=tenant, phone_number=number)
        keys.append(number.pk)
        tenants.append(str(tenant.pk))
    # Sends from the default number, which it shares with the first bakery.
    guest = Tenant.objects.create(name="Panadería de paso", slug="de-paso", whatsapp_enabled=True)
    made = create_api_key(label="benchmark")
    ApiKey.objects.filter(pk=made.api_key.pk).update(requests_per_minute=2_000_000_000)
    print(
        json.dumps(
            {
                "numbers": keys,
                "tenants": tenants,
                "guest": str(guest.pk),
                "template": template.pk,
                "api_key": made.secret,
            }
        )
    )


if __name__ == "__main__":
    main(int(sys.argv[1]))
