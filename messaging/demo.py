"""The invented account of the demo: what the simulator says is at Meta and what `load_demo` loads.

Plain data without Django, because both sides of the simulator's HTTP boundary read it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

WABA_ID = "987654321098765"
ACCOUNT_NAME = "Bakery Platform"
BUSINESS_ID = "664000000000005"
APP_ID = "993000000000004"
APP_SECRET = "simulated-app-secret"  # noqa: S105 (opens nothing but the simulator)
ACCESS_TOKEN = "EAAsimulatedSystemUserToken"  # noqa: S105 (opens nothing but the simulator)
VERIFY_TOKEN = "simulated-verify-token"  # noqa: S105 (opens nothing but the simulator)
DEFAULT_PHONE_NUMBER_ID = "123456789012345"


@dataclass(frozen=True, slots=True)
class DemoBakery:
    """One pilot bakery; `number` is its place among NUMBERS, None sends from the default."""

    name: str
    slug: str
    owner_name: str
    number: int | None
    tenant_id: str


@dataclass(frozen=True, slots=True)
class DemoNumber:
    """A number at Meta; one that is not verified waits for its code."""

    phone_number_id: str
    display_phone_number: str
    verified_name: str
    is_verified: bool = True


@dataclass(frozen=True, slots=True)
class DemoSupplier:
    name: str
    phone: str


def _tenant_id(place: int) -> str:
    return f"0f5c2b6e-7d1a-4c83-9b10-0000000000{place:02d}"


_NAMES = [
    ("Panadería San Juan", "san-juan", "Ana San Juan"),
    ("Panadería Goiko", "goiko", "Iker Goikoetxea"),
    ("Bakery Artesano", "artesano", "Carla Artesano"),
    ("Obrador La Espiga", "la-espiga", "Lucía Espiga"),
    ("Forn Roser", "forn-roser", "Roser Puig"),
    ("Panadería El Trigal", "el-trigal", "Manuel Trigal"),
    ("Horno San Blas", "san-blas", "Pilar Blas"),
    ("Tahona de la Abuela", "la-abuela", "Josefa Ruiz"),
    ("Pan y Canela", "pan-y-canela", "Nerea Canela"),
    ("Panadería Oroel", "oroel", "Javier Oroel"),
]


def _phone_number_id(place: int) -> str:
    return str(int(DEFAULT_PHONE_NUMBER_ID) + place)


# The guide's ten numbers, the first of which answers its step 8.1, and three more: the free one of Meta's sends for all
# bakeries without a number, so that San Juan may have the guide's +34 612 345 678; one is spare, one not verified yet.
FREE_PHONE_NUMBER_ID = _phone_number_id(10)
NUMBERS = [
    *(
        DemoNumber(
            _phone_number_id(place),
            f"+34612345{678 + place}",
            _NAMES[place][0] if place else ACCOUNT_NAME,
        )
        for place in range(10)
    ),
    DemoNumber(FREE_PHONE_NUMBER_ID, "+15550100678", ACCOUNT_NAME),
    DemoNumber(_phone_number_id(11), "+34612345688", ACCOUNT_NAME),
    DemoNumber(_phone_number_id(12), "+34612345689", ACCOUNT_NAME, is_verified=False),
]
MAX_NUMBERS = 20

# Oroel has none yet: the board proposes the spare one that bears its name.
_WITHOUT_NUMBER = 9
BAKERIES = [
    DemoBakery(
        name, slug, owner, None if place == _WITHOUT_NUMBER else place, _tenant_id(place + 1)
    )
    for place, (name, slug, owner) in enumerate(_NAMES)
]

SUPPLIERS = [
    DemoSupplier("Juan García", "+34600000101"),
    DemoSupplier("Harinas del Sur", "+34600000102"),
    DemoSupplier("Lácteos Arrate", "+34600000103"),
    DemoSupplier("Levaduras Ibérica", "+34600000104"),
    DemoSupplier("Azúcares Duero", "+34600000105"),
    DemoSupplier("Huevos La Granja", "+34600000106"),
]


def _body(text: str, example: list[str]) -> dict[str, Any]:
    return {"type": "BODY", "text": text, "example": {"body_text": [example]}}


TEMPLATES: list[dict[str, Any]] = [
    {
        "id": "1200000000000345",
        "name": "po_notification",
        "language": "es",
        "category": "UTILITY",
        "status": "APPROVED",
        "parameter_format": "POSITIONAL",
        "quality_score": {"score": "GREEN", "date": 1795000000},
        "components": [
            _body(
                "Hola {{1}}, has recibido una nueva orden de compra {{2}} por un total de {{3}}.",
                ["Juan García", "PO-12345", "€250.50"],
            )
        ],
    },
    {
        "id": "1200000000000346",
        "name": "low_stock_alert",
        "language": "es",
        "category": "UTILITY",
        "status": "APPROVED",
        "parameter_format": "POSITIONAL",
        "quality_score": {"score": "GREEN", "date": 1795000000},
        "components": [
            _body(
                "⚠️ Alerta: El ingrediente {{1}} tiene stock bajo.\n"
                "Cantidad actual: {{2}} {{3}}.\nPunto de reorden: {{4}} {{5}}.",
                ["Harina de fuerza", "12", "kg", "25", "kg"],
            )
        ],
    },
]
