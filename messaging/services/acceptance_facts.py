"""What a request to send is judged by: the bakery, its sending number and the template, as they stand at this moment.

One statement reads them all, for every request anew: a switch, an assignment or a paused template counts for the very
next message, so no row of these is ever kept in the process.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from messaging.models import MessageTemplate
from tenants.models import PhoneNumber, Tenant
from tenants.rows import Columns, first_row, split

_TENANT = Columns(Tenant, "tenant")
_NUMBER = Columns(PhoneNumber, "number")
_TEMPLATE = Columns(MessageTemplate, "template")

# Every join goes by a unique index. The number is chosen as in tenants/services/routing.py, and a test compares the two.
# Whatever else refuses a message because of a row joins here, as one more column.
_READ = f"""
SELECT {_TENANT.sql}, {_NUMBER.sql}, {_TEMPLATE.sql}, first.id
FROM tenants_tenant AS tenant
LEFT JOIN tenants_phonenumberassignment AS own
  ON own.tenant_id = tenant.id AND own.is_primary AND own.ended_at IS NULL
LEFT JOIN tenants_phonenumber AS number
  ON number.id = COALESCE(
    own.phone_number_id,
    (SELECT fallback.id FROM tenants_phonenumber AS fallback WHERE fallback.is_default ORDER BY fallback.id LIMIT 1)
  )
LEFT JOIN messaging_messagetemplate AS template
  ON template.account_id = number.account_id AND template.name = %(name)s AND template.language = %(language)s
LEFT JOIN messaging_message AS first
  ON first.tenant_id = tenant.id AND first.idempotency_key = %(idempotency_key)s
WHERE tenant.id = %(tenant_id)s
"""  # noqa: S608 (names of our own columns)


@dataclass(frozen=True, slots=True)
class AcceptanceFacts:
    """`template` is the one in the asked language, whatever its status; `first_id` the message that has the key already."""

    tenant: Tenant
    sender: PhoneNumber | None
    template: MessageTemplate | None
    first_id: uuid.UUID | None


def read_facts(
    *, tenant_id: uuid.UUID, template_name: str, language: str, idempotency_key: str | None
) -> AcceptanceFacts | None:
    """Return the facts; None where there is no such bakery."""
    found = first_row(
        _READ,
        {
            "tenant_id": tenant_id,
            "name": template_name,
            "language": language,
            "idempotency_key": idempotency_key,
        },
    )
    if found is None:
        return None
    widths = (_TENANT.width, _NUMBER.width, _TEMPLATE.width)
    tenant, number, template, rest = split(found, widths)
    known = _TENANT.row(tenant)
    if known is None:
        return None
    return AcceptanceFacts(known, _NUMBER.row(number), _TEMPLATE.row(template), rest[0])
