"""Which addresses a callback may have. Anybody with a key may name one, so nothing inside our own network is reached.

An address is judged twice: when it is registered, and each time before it is posted to, for what a name stands for may
have changed meanwhile (DNS rebinding). `resolved` returns the very IP addresses it has judged; connect to no others.
"""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass
from functools import cache
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

from django.conf import settings
from django.utils.translation import gettext as _
from urllib3.exceptions import LocationParseError
from urllib3.util import Url, parse_url

from messaging.models.callback import MAX_URL_LENGTH

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_DEFAULT_PORTS = {"https": 443, "http": 80}
# Below are mail, remote shells and other things that are no web servers and must not be spoken to in our name.
_FIRST_FREE_PORT = 1024
_PRINTABLE = re.compile(r"[\x21-\x7e]+")

# IANA's special-purpose address registries (read 2026-11-25), multicast, and 168.63.129.16, Azure's metadata server.
_SPECIAL_IPV4 = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "168.63.129.16/32", "169.254.0.0/16",
        "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24",
        "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4",
        "240.0.0.0/4",
    )
)  # fmt: skip
# Everything else of IPv6 is private, local, multicast or not given out.
_GIVEN_OUT_IPV6 = IPv6Network("2000::/3")
# Protocols (Teredo among them), documentation, AS112, and 6to4, behind which any IPv4 address may stand.
_SPECIAL_IPV6 = tuple(
    IPv6Network(text)
    for text in ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20")
)
_NAT64 = IPv6Network("64:ff9b::/96")


class RefusedAddressError(ValueError):
    """An address that no callback may have. The text says what is wrong, for people."""


class UnresolvedError(Exception):
    """The name stands for no IP address, or nobody could be asked: it may come back."""


@dataclass(frozen=True, slots=True)
class Target:
    """A URL taken apart once, so that nobody reads it differently later. `host` has no brackets."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """What stands in the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


def target_of(url: str) -> Target:
    """Take a URL apart. Raises RefusedAddressError for one that no callback may have, whatever its name stands for."""
    if len(url) > MAX_URL_LENGTH:
        raise RefusedAddressError(
            _("The address may have at most %(count)d characters.") % {"count": MAX_URL_LENGTH}
        )
    if not _PRINTABLE.fullmatch(url):
        raise RefusedAddressError(
            _("The address may have no spaces and no letters that need encoding.")
        )
    try:
        parsed = parse_url(url)
    except LocationParseError:
        raise RefusedAddressError(_("This is no address such as https://example.com/x.")) from None
    return _judged(parsed)


def _judged(parsed: Url) -> Target:
    if parsed.scheme not in _DEFAULT_PORTS or not parsed.host:
        raise RefusedAddressError(_("The address must begin with https:// and name a host."))
    if parsed.auth is not None:
        raise RefusedAddressError(
            _("The address may hold no user and no password. Our signature shows who is calling.")
        )
    if parsed.fragment is not None:
        raise RefusedAddressError(_("The address may have no part after #."))
    port = parsed.port if parsed.port is not None else _DEFAULT_PORTS[parsed.scheme]
    if port not in _DEFAULT_PORTS.values() and port < _FIRST_FREE_PORT:
        raise RefusedAddressError(_("The port must be 443, 80 or one from 1024 on."))
    path = (parsed.path or "/") + (f"?{parsed.query}" if parsed.query is not None else "")
    return Target(parsed.scheme, parsed.host.strip("[]"), port, path)


def resolved(target: Target) -> list[Address]:
    """Return the IP addresses that the target's name stands for now, all of them judged.

    Raises RefusedAddressError when one of them may not be reached, UnresolvedError when there are none.
    """
    addresses = addresses_of(target.host, target.port)
    for address in addresses:
        _refuse_out_of_bounds(target, address)
    return addresses


def addresses_of(host: str, port: int) -> list[Address]:
    """Return what a name stands for now, asked from here, nothing judged. Raises UnresolvedError when that is nothing."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:  # UnicodeError: a label of more than 63 letters
        raise UnresolvedError(_("The host name is not known.")) from error
    addresses = [ip_address(str(row[4][0]).partition("%")[0]) for row in found]
    if not addresses:
        raise UnresolvedError(_("The host name is not known."))
    return list(dict.fromkeys(addresses))


def checked(url: str) -> Target:
    """Return the target of a URL that may be registered. Raises RefusedAddressError."""
    target = target_of(url)
    try:
        resolved(target)
    except UnresolvedError as error:
        raise RefusedAddressError(str(error)) from error
    return target


def _refuse_out_of_bounds(target: Target, address: Address) -> None:
    if is_allowed(address):
        return
    if target.scheme == "http":
        raise RefusedAddressError(_("The address must begin with https://."))
    if not is_public(address):
        raise RefusedAddressError(
            _("The host name leads to an address that is not on the public internet.")
        )


def is_public(address: Address) -> bool:
    """Whether an address is anybody's on the internet: not private, local, shared, reserved or multicast."""
    address = _inner(address)
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _SPECIAL_IPV4)
    is_given_out = address in _GIVEN_OUT_IPV6
    return is_given_out and not any(address in network for network in _SPECIAL_IPV6)


def is_allowed(address: Address) -> bool:
    """Whether the operator has named its network in CALLBACK_ALLOWED_NETWORKS."""
    address = _inner(address)
    return any(address in network for network in parsed(tuple(settings.CALLBACK_ALLOWED_NETWORKS)))


def _inner(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 one only wraps, where it does."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _NAT64:
            return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


@cache
def parsed(networks: tuple[str, ...]) -> tuple[Network, ...]:
    """Read networks such as 10.1.0.0/16. Raises ValueError for what is none."""
    return tuple(ip_network(text.strip()) for text in networks)
