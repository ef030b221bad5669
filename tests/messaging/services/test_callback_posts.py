from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from bakery_whatsapp.embedded import free_port
from messaging.services import callback_posts
from messaging.services.callback_posts import Line, retry_after_s, signature_headers, storable
from messaging.services.callback_targets import resolved, target_of
from tests.messaging.callback_server import serving

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OLD_SECRET = "whsec_" + "QUJD" * 11
BODY = (
    '{"type":"ping","timestamp":"2026-11-25T08:00:00Z","data":{"text":"Panader\u00eda \U0001f950"}}'
)


def post(url, **changes):
    line = Line(url)
    try:
        return line.post(**({"webhook_id": "id-1", "body": BODY, "secrets": [SECRET]} | changes))
    finally:
        line.close()


def test_the_signature_is_that_of_the_specifications_example():
    # Standard Webhooks' own test vector, read 2026-11-25.
    headers = signature_headers(
        secrets=[SECRET],
        webhook_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        at=datetime.fromtimestamp(1614265330, tz=UTC),
        body='{"test": 2432232314}',
    )
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_a_post_carries_the_body_byte_for_byte_signed_with_each_secret(receiver):
    answer = post(receiver.url, secrets=[SECRET, OLD_SECRET])
    assert answer.is_success
    (got,) = receiver.posts
    assert got.raw == BODY.encode()
    assert got.path == "/hook?from=bakery"
    assert got.headers["content-type"] == "application/json"
    assert got.headers["webhook-id"] == "id-1"
    assert got.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert len(got.headers["webhook-signature"].split(" ")) == 2
    assert got.is_signed_with(SECRET)
    assert got.is_signed_with(OLD_SECRET)


def test_the_connection_goes_to_the_very_address_that_was_judged(receiver, names):
    names["hook.example"] = [["127.0.0.1"], ["127.0.0.2"]]
    assert post(receiver.url_at("hook.example")).is_success
    assert names.asked == ["hook.example"]
    assert receiver.posts[0].headers["host"] == f"hook.example:{receiver.port}"


def test_a_name_that_meanwhile_leads_into_our_network_is_not_reached(receiver, names, settings):
    settings.CALLBACK_ALLOWED_NETWORKS = []
    names["hook.example"] = [["93.184.215.14"], ["127.0.0.1"]]
    url = f"https://hook.example:{receiver.port}/"
    assert resolved(target_of(url))  # as when it was registered
    answer = post(url)
    assert answer.status is None
    assert answer.error == "The host name leads to an address that is not on the public internet."
    assert receiver.connections == 0


def test_an_address_that_does_not_connect_is_followed_by_the_next_one(receiver, names):
    names["hook.example"] = [["::1", "127.0.0.1"]]
    assert post(receiver.url_at("hook.example")).is_success


def test_a_redirect_is_not_followed(receiver):
    receiver.answers = [(307, {"Location": "/elsewhere"}, b"")]
    assert post(receiver.url).status == 307
    assert len(receiver.posts) == 1


def test_proxies_of_the_environment_are_not_used(receiver, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert post(receiver.url).is_success


def test_posts_of_one_line_share_a_connection(receiver):
    line = Line(receiver.url)
    for place in range(3):
        assert line.post(webhook_id=str(place), body=BODY, secrets=[SECRET]).is_success
    line.close()
    assert (len(receiver.posts), receiver.connections) == (3, 1)


def test_a_connection_that_the_other_side_closed_is_opened_anew(receiver):
    line = Line(receiver.url)
    receiver.answers = [(200, {"Connection": "close"}, b"ok"), 200]
    for place in range(2):
        assert line.post(webhook_id=str(place), body=BODY, secrets=[SECRET]).is_success
    line.close()
    assert receiver.connections == 2


def test_an_endless_answer_is_read_no_further_than_its_beginning(receiver):
    receiver.answers = [(500, {}, b"x" * 1_000_000)]
    answer = post(receiver.url)
    assert answer.status == 500
    assert answer.text == "x" * 500


def test_an_answer_that_breaks_off_after_its_status_counts(receiver):
    def broken(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", "100")
        handler.end_headers()
        handler.wfile.write(b"half")
        handler.close_connection = True

    receiver.answers = [broken]
    assert post(receiver.url).is_success


def test_whoever_does_not_answer_is_waited_for_no_longer_than_allowed(receiver, monkeypatch):
    monkeypatch.setattr(callback_posts, "READ_S", 0.05)
    receiver.answers = [lambda handler: handler.rfile.read(1)]  # waits for more
    assert post(receiver.url).error == "There was no answer within 10 s."


def test_whoever_answers_byte_by_byte_is_cut_off(receiver, monkeypatch):
    monkeypatch.setattr(callback_posts, "WHOLE_S", 0.2)

    def drip(handler):
        handler.wfile.write(b"HTTP/1.1 200 O")
        handler.rfile.read(1)  # and never the rest

    receiver.answers = [drip]
    assert post(receiver.url).error == "The answer was not complete within 15 s."


def test_nobody_there_is_said_so(receiver):
    answer = post(f"http://127.0.0.1:{free_port()}/")
    assert answer.status is None
    assert answer.error == "There was no connection: it is refused or leads nowhere."


@pytest.mark.parametrize(
    "junk", [b"", b"\x00\xff nonsense\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"SSH-2.0-OpenSSH\r\n"]
)
def test_an_answer_that_is_no_http_is_said_so(receiver, junk):
    def answer(handler):
        handler.wfile.write(junk)
        handler.close_connection = True

    receiver.answers = [answer]
    assert post(receiver.url).error == "The connection broke before an answer came."


@pytest.mark.parametrize("url", ["https://127.0.0.1/", "http://hook.example/"])
def test_an_address_that_may_not_be_reached_is_not_tried(url, names, settings):
    settings.CALLBACK_ALLOWED_NETWORKS = []
    names["hook.example"] = [["93.184.215.14"]]
    assert post(url).error.startswith("The ")


# --- TLS ---------------------------------------------------------------------------------------------


def certificate(folder, name):
    """A certificate for `name` that signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([alternative(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{name}.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


def alternative(name):
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


@pytest.fixture
def trusts(monkeypatch):
    """Let this process trust what a file holds, as an operator does for an authority of their own."""

    def trust(path):
        monkeypatch.setenv("SSL_CERT_FILE", str(path))
        callback_posts.tls.cache_clear()

    yield trust
    callback_posts.tls.cache_clear()


@pytest.fixture
def secure(tmp_path, settings):
    """Start a server that shows this certificate and notes for whom it was asked."""
    settings.CALLBACK_ALLOWED_NETWORKS = ["127.0.0.0/8"]

    def start(path):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        asked: list[str | None] = []
        context.sni_callback = lambda _socket, name, _context: asked.append(name)
        return serving(context), asked

    return start


def test_the_certificate_must_be_the_names_although_the_connection_goes_to_an_address(
    tmp_path, trusts, secure, names
):
    path = certificate(tmp_path, "hook.example")
    trusts(path)
    names["hook.example"] = names["other.example"] = [["127.0.0.1"]]
    server, asked = secure(path)
    with server as receiver:
        assert post(receiver.url_at("hook.example")).is_success
        assert asked == ["hook.example"]
        answer = post(receiver.url_at("other.example"))
    assert answer.error.startswith("The certificate is not valid: Hostname mismatch")
    assert len(receiver.posts) == 1


def test_the_certificate_of_an_ip_address_must_be_its_own(tmp_path, trusts, secure):
    path = certificate(tmp_path, "127.0.0.1")
    trusts(path)
    server, _asked = secure(path)
    with server as receiver:
        assert post(receiver.url_at("127.0.0.1")).is_success


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path, secure, names):
    names["hook.example"] = [["127.0.0.1"]]
    server, _asked = secure(certificate(tmp_path, "hook.example"))
    with server as receiver:
        answer = post(receiver.url_at("hook.example"))
    assert answer.error.startswith("The certificate is not valid: self")
    assert receiver.posts == []


def test_a_server_that_speaks_no_tls_is_said_so(receiver):
    answer = post(receiver.url.replace("http://", "https://"))
    assert answer.error in {"TLS failed.", "The connection broke before an answer came."}


# --- What comes back ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("120", 120.0),
        (" 7 ", 7.0),
        ("-1", None),
        ("soon", None),
        ("9" * 400, 999999999.0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
    ],
)
def test_a_retry_after_is_read_as_seconds_or_date(header, seconds):
    assert retry_after_s(header) == seconds


def test_a_retry_after_in_the_future_is_counted_from_now(time_machine):
    time_machine.move_to(dt.datetime(2026, 11, 25, 8, 0, tzinfo=UTC), tick=False)
    assert retry_after_s("Wed, 25 Nov 2026 08:01:00 GMT") == 60.0


@given(st.text(max_size=60))
def test_no_retry_after_whatever_breaks_the_reading(header):
    seconds = retry_after_s(header)
    assert seconds is None or seconds >= 0


@given(st.binary(max_size=2000))
def test_every_answer_can_be_kept(raw):
    text = storable(raw)
    assert "\0" not in text
    assert len(text) <= 500
    text.encode()


def test_numbers_and_tokens_that_come_back_are_not_kept():
    text = storable(b'{"from": "+34600000101", "token": "EAAsimulatedSystemUserToken"}')
    assert "600000101" not in text
    assert "simulatedSystem" not in text
