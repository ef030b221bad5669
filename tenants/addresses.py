"""Where a request comes from, and what of it may be kept: the network, which names no person."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.http import HttpRequest

UNKNOWN = "unknown"
_PREFIX_LENGTH = {4: 24, 6: 48}


def client_address(request: HttpRequest) -> str:
    """Return who called. Behind a proxy that is what the proxy itself wrote down last; the rest anybody may invent."""
    forwarded = request.headers.get("X-Forwarded-For", "") if request.is_secure() else ""
    return forwarded.rpartition(",")[2].strip() or request.META.get("REMOTE_ADDR", "")


def network_of(address: str) -> str:
    """Return the network an address belongs to: /24 of IPv4, /48 of IPv6."""
    try:
        found = ipaddress.ip_address(address.strip())
    except ValueError:
        return UNKNOWN
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped:
        found = found.ipv4_mapped
    return str(ipaddress.ip_network(f"{found}/{_PREFIX_LENGTH[found.version]}", strict=False))
