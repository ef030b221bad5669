from __future__ import annotations

import pytest

from messaging.graph_api.signature import appsecret_proof, is_from_meta, sign

SECRET = "bakery-app-secret"
# Computed apart from our code; the second body is escaped as Meta sends it.
VECTORS = [
    (
        b'{"object":"whatsapp_business_account","entry":[]}',
        "29322e47146908c0b69549440cd87e7233a730dc32517488def56f7558daf860",
    ),
    (
        rb'{"t":"Panader\u00eda \u00abLa Espiga\u00bb \ud83e\udd50"}',
        "34c2eebe25243039fda0bce45a584f8a7429fa05abceeb2c8ce45cb1f17a14ae",
    ),
    (
        '{"t":"Panadería «La Espiga» 🥐"}'.encode(),
        "c27ef0cbf5292c50c3c87f5034df2cb3db150a5e605d7b1d7bc7380450e719c6",
    ),
]
RAW, HEX = VECTORS[0]


@pytest.mark.parametrize(("raw", "digest"), VECTORS)
def test_a_body_is_signed_over_its_bytes_as_meta_does(raw, digest):
    assert sign(raw, SECRET) == f"sha256={digest}"
    assert is_from_meta(raw, f"sha256={digest}", [SECRET])


def test_the_same_json_written_otherwise_does_not_match():
    assert not is_from_meta(VECTORS[2][0], f"sha256={VECTORS[1][1]}", [SECRET])


def test_any_of_several_secrets_may_match_while_they_rotate():
    assert is_from_meta(RAW, sign(RAW, "old"), ["new", "old"])
    assert is_from_meta(RAW, sign(RAW, "new"), ["new", "old"])


def test_hex_digits_may_be_capitals():
    assert is_from_meta(RAW, f"sha256={HEX.upper()}", [SECRET])


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "sha256=",
        HEX,
        f"sha1={HEX}",
        f"sha256={HEX[:-1]}",
        f"sha256={HEX},sha256={HEX}",
        f"sha256=sha256={HEX}",
        "sha256=" + "é" * 64,
        "sha256=" + "0" * 64,
        f" sha256={HEX}",
    ],
)
def test_a_missing_wrong_or_doubled_header_is_refused(header):
    assert not is_from_meta(RAW, header, [SECRET])


def test_an_empty_secret_never_matches():
    assert not is_from_meta(RAW, sign(RAW, ""), [""])
    assert not is_from_meta(RAW, sign(RAW, ""), [])


def test_the_proof_of_the_app_secret_is_metas():
    assert appsecret_proof("EAAtesttoken", SECRET) == (
        "06d86df0f6588d50fffddd75f7c872f4b8b5e194391386540c3ce4637bd20ff6"
    )
