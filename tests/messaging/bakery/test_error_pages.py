from __future__ import annotations

import pytest
from django.template.loader import render_to_string
from django.test import Client
from django.utils import translation


def test_an_unknown_address_is_a_page_in_our_own_words(browse, ana):
    response = browse(ana).get("/nothing/here")
    assert response.status_code == 404
    assert "There is nothing at this address" in response.text


@pytest.mark.parametrize("name", ["400.html", "500.html"])
def test_the_worst_pages_need_neither_a_request_nor_the_database(name):
    # Without the db mark a query fails the test.
    with translation.override("es"):
        page = render_to_string(name)
    assert "Ir al inicio" in page
    assert "csrfmiddlewaretoken" not in page


def test_a_page_left_open_too_long_says_that_nothing_was_changed(ana):
    client = Client(enforce_csrf_checks=True, headers={"accept-language": "en"})
    client.force_login(ana)
    response = client.post("/bakery/goiko/switch", {"enabled": "off"})
    assert response.status_code == 403
    assert "nothing was changed" in response.text
