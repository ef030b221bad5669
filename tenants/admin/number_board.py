"""Numbers and who has them, read once a request for the list of bakeries."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy as _

from tenants.models import PhoneNumber, PhoneNumberAssignment

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.utils.safestring import SafeString

    from tenants.models import Tenant

_KEPT_AS = "_number_board"


@dataclass(frozen=True, slots=True)
class NumberBoard:
    used: int = 0
    spare: list[PhoneNumber] = field(default_factory=list)
    default: PhoneNumber | None = None
    total: int = 0

    @classmethod
    def of(cls, request: HttpRequest) -> NumberBoard:
        """Return the request's board; two queries, however many rows ask."""
        board: NumberBoard | None = getattr(request, _KEPT_AS, None)
        if board is None:
            board = cls._read()
            setattr(request, _KEPT_AS, board)
        return board

    @classmethod
    def _read(cls) -> NumberBoard:
        numbers = list(PhoneNumber.objects.by_number())
        used = set(PhoneNumberAssignment.objects.open().values_list("phone_number_id", flat=True))
        return cls(
            used=sum(number.pk in used for number in numbers),
            spare=[number for number in numbers if number.pk not in used and not number.is_default],
            default=next((number for number in numbers if number.is_default), None),
            total=len(numbers),
        )


class NumberColumn:
    """A column of the list of bakeries: the number it has, or a choice of spare ones. Made for one request."""

    short_description = _("number")
    admin_order_field = None
    __name__ = "number"

    def __init__(self, request: HttpRequest, *, may_assign: bool, may_release: bool) -> None:
        self.request = request
        self.may_assign = may_assign
        self.may_release = may_release

    def __call__(self, tenant: Tenant) -> SafeString:
        standing = getattr(tenant, "open_assignments", [])
        return render_to_string(
            "admin/tenants/tenant/_number.html",
            {
                "tenant": tenant,
                "assignment": standing[0] if standing else None,
                "board": NumberBoard.of(self.request),
                "may_assign": self.may_assign,
                "may_release": self.may_release,
            },
        )
