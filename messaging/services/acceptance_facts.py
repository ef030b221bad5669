"""What a request to send is judged by: the bakery, its sending number and the template, as they stand at this moment.

One statement reads them all, for every request anew: a switch, an assignment, a paused template or a revoked key counts
for the very next message, so no row of these is ever kept in the process.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from messaging.models import MessageTemplate, Suppression
from tenants.models import ApiKey, PhoneNumber, Tenant
from tenants.rows import Columns, first_row, split

_TENANT = Columns(Tenant, "tenant")
_NUMBER = Columns(PhoneNumber, "number")
_TEMPLATE = Columns(MessageTemplate, "template")

# Every join goes by a unique index. The number is chosen as in tenants/services/routing.py, and a test compares the two.
# Whatever else refuses a message because of a row joins here, as one more column.
_READ = f"""
SELECT {_TENANT.sql}, {_NUMBER.sql}, {_TEMPLATE.sql}, first.id, api_key.xmin::text || api_key.ctid::text,
  ARRAY(
    SELECT stop.what FROM messaging_suppression AS stop
    WHERE stop.phone = %(recipient)s AND stop.lifted_at IS NULL AND (stop.tenant_id = tenant.id OR stop.tenant_id IS NULL)
  ),
  COALESCE(choice.is_on, kind.is_on_by_default, TRUE), COALESCE(kind.order_parameter, '')
FROM (VALUES (1)) AS always
LEFT JOIN tenants_apikey AS api_key ON api_key.id = %(api_key_id)s
LEFT JOIN tenants_tenant AS tenant ON tenant.id = %(tenant_id)s
LEFT JOIN tenants_phonenumberassignment AS own
  ON own.tenant_id = tenant.id AND own.is_primary AND own.ended_at IS NULL
LEFT JOIN tenants_phonenumber AS number
  ON number.id = COALESCE(
    own.phone_number_id,
    (SELECT fallback.id FROM tenants_phonenumber AS fallback WHERE fallback.is_default ORDER BY fallback.id LIMIT 1)
  )
LEFT JOIN messaging_messagetemplate AS template
  ON template.account_id = number.account_id AND template.name = %(name)s AND template.language = %(language)s
LEFT JOIN messaging_noticekind AS kind ON kind.template_name = %(name)s
LEFT JOIN messaging_noticechoice AS choice ON choice.kind_id = kind.id AND choice.tenant_id = tenant.id
LEFT JOIN messaging_message AS first
  ON first.tenant_id = tenant.id AND first.idempotency_key = %(idempotency_key)s
"""  # noqa: S608 (names of our own columns)


class KeyChangedError(Exception):
    """The caller's API key is not any more what it was when it was read. Read it again."""


@dataclass(frozen=True, slots=True)
class AcceptanceFacts:
    """`template` is the one in the asked language, whatever its status; `first_id` the message that has the key already;
    `stops` says of what the recipient has opted out, as far as this bakery has to keep to it; `is_wanted` whether the bakery
    has this kind of notice on; `order_parameter` names the placeholder of the order's number, "" where none is known.
    """

    tenant: Tenant
    sender: PhoneNumber | None
    template: MessageTemplate | None
    first_id: uuid.UUID | None
    stops: Sequence[str]
    is_wanted: bool
    order_parameter: str

    def forbids(self, *, is_marketing: bool) -> bool:
        """Whether the recipient's opt-outs forbid the message: every one forbids marketing, only some forbid orders."""
        return bool(self.stops) if is_marketing else Suppression.What.ALL in self.stops


def read_facts(
    *,
    tenant_id: uuid.UUID,
    template_name: str,
    language: str,
    idempotency_key: str | None,
    recipient: str | None,
    api_key: ApiKey | None,
) -> AcceptanceFacts | None:
    """Return the facts; None where there is no such bakery or the key is another's. Raises KeyChangedError.

    `recipient` as `phone_numbers.comparable` writes it. Without `api_key` the platform itself asks.
    """
    found = first_row(
        _READ,
        {
            "tenant_id": tenant_id,
            "name": template_name,
            "language": language,
            "idempotency_key": idempotency_key,
            "recipient": recipient,
            "api_key_id": None if api_key is None else api_key.pk,
        },
    )
    widths = (_TENANT.width, _NUMBER.width, _TEMPLATE.width)
    tenant_row, number, template, rest = split(found or (), widths)
    first_id, row_version, stops, is_wanted, order_parameter = rest
    if api_key is not None and api_key.row_version != row_version:
        raise KeyChangedError
    tenant = _TENANT.row(tenant_row)
    if tenant is None or (api_key is not None and api_key.tenant_id not in (None, tenant.pk)):
        return None
    return AcceptanceFacts(
        tenant,
        _NUMBER.row(number),
        _TEMPLATE.row(template),
        first_id,
        stops,
        is_wanted,
        order_parameter,
    )
