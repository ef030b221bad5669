from __future__ import annotations

from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from messaging.services import callback_targets
from messaging.services.callback_targets import (
    RefusedAddressError,
    UnresolvedError,
    checked,
    is_public,
    resolved,
    target_of,
)

PUBLIC, PUBLIC_6 = "93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"


@pytest.fixture(autouse=True)
def _in_english():
    with translation.override("en"):
        yield


@given(st.ip_addresses())
def test_what_the_standard_library_calls_private_is_never_public(address):
    own = (
        address.is_private,
        address.is_loopback,
        address.is_link_local,
        address.is_multicast,
        address.is_reserved,
        address.is_unspecified,
    )
    if any(own):
        assert not is_public(address) or wraps_a_public_one(address)


def wraps_a_public_one(address):
    """An IPv6 address that only carries an IPv4 one, which is then judged."""
    return isinstance(address, IPv6Address) and (
        address.ipv4_mapped is not None or address in callback_targets._NAT64
    )


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_is_judged_alike_however_ipv6_wraps_it(address):
    mapped = IPv6Address(f"::ffff:{address}")
    through_nat64 = IPv6Address(int(IPv6Address("64:ff9b::")) + int(address))
    assert is_public(mapped) == is_public(through_nat64) == is_public(address)


@given(st.ip_addresses(v=6, network="fc00::/7") | st.ip_addresses(v=6, network="fe80::/10"))
def test_local_ipv6_addresses_are_never_public(address):
    assert not is_public(address)


@given(st.ip_addresses(v=4, network="100.64.0.0/10"))
def test_addresses_that_a_provider_shares_among_customers_are_never_public(address):
    assert not is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0", "10.1.2.3", "100.100.100.200", "127.0.0.1", "127.255.255.254", "168.63.129.16",
        "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.192", "192.168.1.1", "198.18.0.1",
        "224.0.0.251", "239.1.1.1", "240.0.0.1", "255.255.255.255", "::", "::1", "::ffff:127.0.0.1",
        "::ffff:169.254.169.254", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1", "2001:db8::1",
        "2002:7f00:1::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "fd00:ec2::254", "fe80::1", "fec0::1",
        "ff02::1", "100::1", "5f00::1",
    ],
)  # fmt: skip
def test_addresses_inside_somebodys_network_are_not_public(address):
    assert not is_public(ip_address(address))


@pytest.mark.parametrize(
    "address",
    [PUBLIC, PUBLIC_6, "8.8.8.8", "172.15.255.255", "172.32.0.1", "100.63.255.255", "100.128.0.1",
     "2a00:1450:4003::200e", f"::ffff:{PUBLIC}"],
)  # fmt: skip
def test_addresses_of_the_internet_are_public(address):
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("ftp://example.com/", "must begin with https://"),
        ("example.com/hook", "must begin with https://"),
        ("//example.com/hook", "must begin with https://"),
        ("https:///hook", "must begin with https://"),
        ("javascript:alert(1)", "must begin with https://"),
        ("https://user:secret@example.com/", "no user and no password"),
        ("https://user@example.com/", "no user and no password"),
        ("https://example.com/#part", "no part after #"),
        ("https://example.com:22/", "port"),
        ("https://example.com:0/", "port"),
        ("https://example.com:99999/", "no address such as"),
        ("https://example.com/a b", "no spaces"),
        ("https://example.com/\r\nX: y", "no spaces"),
        ("https://ex\u0430mple.com/", "no spaces"),
        ("https://example.com/" + "x" * 500, "at most 500"),
        ("https://[::1/", "no address such as"),
    ],
)
def test_an_address_of_a_wrong_form_is_refused_with_the_reason(url, why):
    with pytest.raises(RefusedAddressError, match=why):
        target_of(url)


@given(st.text(max_size=60) | st.text(max_size=40).map(lambda text: f"https://{text}"))
def test_no_text_whatever_breaks_the_reading_of_addresses(url):
    with suppress(RefusedAddressError):
        target = target_of(url)
        assert target.scheme in {"http", "https"}
        assert target.host
        assert target.path.startswith("/")


@pytest.mark.parametrize(
    ("url", "authority", "path"),
    [
        ("https://Example.com", "example.com", "/"),
        ("https://example.com:443/a?b=c%20d", "example.com", "/a?b=c%20d"),
        ("https://example.com:8443/a", "example.com:8443", "/a"),
        ("http://[2001:db8::1]:8080/", "[2001:db8::1]:8080", "/"),
    ],
)
def test_an_address_is_taken_apart_once(url, authority, path):
    target = target_of(url)
    assert (target.authority, target.path) == (authority, path)


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://169.254.169.254/latest/meta-data",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://0177.0.0.1/",
        "https://127.1/",
    ],
)
def test_addresses_of_ourselves_are_refused_however_they_are_written(url, settings):
    settings.CALLBACK_ALLOWED_NETWORKS = []
    with pytest.raises(RefusedAddressError):
        checked(url)


def test_a_name_is_refused_when_one_of_its_addresses_is_not_public(names):
    names["hook.example"] = [[PUBLIC, "10.0.0.1"]]
    with pytest.raises(RefusedAddressError, match="not on the public internet"):
        checked("https://hook.example/")


def test_a_name_of_public_addresses_may_be_registered(names):
    names["hook.example"] = [[PUBLIC_6, PUBLIC, PUBLIC]]
    assert checked("https://hook.example/x").host == "hook.example"
    assert resolved(target_of("https://hook.example/")) == [
        ip_address(PUBLIC_6),
        ip_address(PUBLIC),
    ]


def test_a_name_that_nobody_knows_is_refused_and_may_come_back(names):
    with pytest.raises(RefusedAddressError, match="not known"):
        checked("https://nobody.example/")
    with pytest.raises(UnresolvedError):
        resolved(target_of("https://nobody.example/"))


def test_http_leads_only_into_networks_that_the_operator_has_named(names, settings):
    names["hook.example"] = [[PUBLIC]]
    names["inside.example"] = [["10.1.2.3"]]
    settings.CALLBACK_ALLOWED_NETWORKS = ["10.1.0.0/16"]
    with pytest.raises(RefusedAddressError, match="https"):
        checked("http://hook.example/")
    assert checked("http://inside.example/").port == 80
    assert checked("https://inside.example/").port == 443
    settings.CALLBACK_ALLOWED_NETWORKS = ["10.2.0.0/16"]
    for scheme in ("http", "https"):
        with pytest.raises(RefusedAddressError):
            checked(f"{scheme}://inside.example/")


def test_an_allowed_network_is_recognised_when_ipv6_wraps_it(settings):
    settings.CALLBACK_ALLOWED_NETWORKS = ["10.0.0.0/8"]
    assert callback_targets.is_allowed(IPv6Address("::ffff:10.0.0.1"))
    assert not callback_targets.is_allowed(IPv4Address("11.0.0.1"))
