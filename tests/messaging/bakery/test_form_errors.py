"""A form that comes back says so: in the title, above the form with a link to each field, and beside the field."""

from __future__ import annotations

import re

import pytest
from django.utils import timezone

from tenants.models import OwnPhone
from tests.messaging.bakery.test_walk import ids  # noqa: F401 (a fixture)

# Where a form stands, what is typed, and the field that is wrong.
FORMS = [
    ("/bakery/goiko/limit", {"limit": "0"}, "limit"),
    ("/bakery/goiko/quiet-hours", {"start": "21:00", "until": ""}, "until"),
    ("/bakery/goiko/phone", {"phone": "nobody"}, "phone"),
    ("/bakery/goiko/phone/confirm", {"code": "12"}, "code"),
    ("/bakery/goiko/suppliers/new", {"phone": "nobody", "name": "Ana"}, "phone"),
    ("/bakery/goiko/suppliers/{recipient_id}/correct", {"phone": "+34600000101"}, "name"),
    ("/bakery/goiko/suppliers/import", {}, "file"),
    ("/bakery/goiko/messages/{message_id}/resend", {"phone": "nobody"}, "phone"),
    ("/bakery/goiko/messages/{message_id}/mail", {"to": "nobody"}, "to"),
    ("/bakery/goiko/people/invite", {"email": "nobody", "role": "staff"}, "email"),
    ("/password/change", {"old_password": "wrong"}, "old_password"),
]
TITLE = {"en": "<title>Error: ", "es": "<title>Error: "}


def errors_in(page: str) -> str:
    """Return what is said above the form: once, announced, and with the focus, also without scripts."""
    found = re.findall(r'<div [^>]*id="errors"[^>]*>(.*?)</div>\s*</div>', page, re.DOTALL)
    assert len(found) == 1, page
    head = re.search(r'<div [^>]*id="errors"[^>]*>', page)
    assert head
    assert all(word in head[0] for word in ('role="alert"', 'tabindex="-1"', "autofocus"))
    return str(found[0])


@pytest.mark.parametrize("language", TITLE)
@pytest.mark.parametrize(("path", "typed", "field"), FORMS)
def test_what_is_wrong_is_announced_with_a_link_to_the_field(
    browse, ana, ids, first_kinds, broker, path, typed, field, language  # noqa: F811
):  # fmt: skip
    now = timezone.now()
    OwnPhone.objects.create(user=ana, phone="+34600000199", code_digest="x", code_sent_at=now)
    page = browse(ana, language=language).post(path.format(**ids), typed).text
    assert TITLE[language] in page
    assert f'<a href="#id_{field}">' in errors_in(page)
    assert f'id="id_{field}"' in page


def test_a_wrong_password_is_announced_too(browse, ana):
    page = browse().post("/login", {"username": "ana", "password": "wrong"}).text
    assert TITLE["en"] in page
    assert "do not belong together" in errors_in(page)


def test_nothing_is_announced_where_nothing_is_wrong(browse, ana):
    for path in ("/bakery/goiko", "/bakery/goiko/suppliers/new", "/bakery/goiko/people"):
        page = browse(ana).get(path).text
        assert 'id="errors"' not in page
        assert "<title>Error" not in page


def test_the_settings_open_at_the_form_that_came_back(browse, ana, first_kinds):
    page = browse(ana).get("/bakery/goiko").text
    for path in ("limit", "quiet-hours"):
        assert f'action="/bakery/goiko/{path}#errors"' in page
