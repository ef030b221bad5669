"""Which language a bakery's page speaks, and that a new one needs no code."""

from __future__ import annotations

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from django.test import Client

from messaging.statuses import MessageStatus
from tenants.languages import languages_in
from tests.factories import message_in

SETTINGS = "/bakery/goiko"


def language_of(page) -> str:
    return page.text.partition('<html lang="')[2].partition('"')[0]


@pytest.mark.parametrize("language", ["es", "en"])
def test_a_page_speaks_the_bakerys_language_where_nobody_asks_for_another(ana, bakery, language):
    bakery.language = language
    bakery.save()
    client = Client(headers={"accept-language": "pl, *;q=0.5"})
    client.force_login(ana)
    assert language_of(client.get(SETTINGS)) == language


def test_the_browsers_language_comes_before_the_bakerys(browse, ana):
    assert language_of(browse(ana, language="en-GB").get(SETTINGS)) == "en"


def test_the_persons_choice_comes_before_both(browse, ana, bakery):
    bakery.language = "en"
    bakery.save()
    client = browse(ana, language="en")
    client.post("/i18n/setlang", {"language": "es", "next": SETTINGS})
    assert language_of(client.get(SETTINGS)) == "es"


@pytest.fixture
def basque(tmp_path, settings):
    """An invented Basque catalogue of two words, in a folder of its own; nothing else is told of it."""
    folder = tmp_path / "eu" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    words = Catalog(locale="eu")
    words.add("Settings", "Ezarpenak")
    words.add("WhatsApp notices", "WhatsApp oharrak")
    (folder / "django.po").write_text("")
    with (folder / "django.mo").open("wb") as file:
        write_mo(file, words)
    settings.LOCALE_PATHS = [*settings.LOCALE_PATHS, tmp_path]
    settings.LANGUAGES = [*languages_in(tmp_path), ("es", "Español")]


def test_a_catalogue_is_all_that_basque_needs(browse, ana, basque):
    page = browse(ana, language="eu").get(SETTINGS)
    assert language_of(page) == "eu"
    assert "Ezarpenak" in page.text
    assert "WhatsApp oharrak" in page.text
    assert 'value="eu" lang="eu">Euskara</button>' in browse(ana, language="es").get(SETTINGS).text


def test_what_is_not_of_the_pages_language_says_of_which_it_is(browse, ana, bakery, basque):
    failed = message_in(
        MessageStatus.FAILED, tenant=bakery, error_code=131026, template__language="es_MX"
    )
    page = browse(ana, language="eu").get(f"{SETTINGS}/messages/{failed.pk}").text
    assert '<div class="bubble" lang="es-MX">' in page
    assert '<p class="notice__title" lang="en">WhatsApp could not deliver' in page
    for path in (f"{SETTINGS}/messages", SETTINGS):
        listed = browse(ana, language="eu").get(path).text
        assert '<p class="line__advice" lang="en"><strong>WhatsApp could not' in listed


def test_a_bakery_may_speak_basque_without_a_migration(ana, bakery, basque):
    bakery.language = "eu"
    bakery.full_clean()
    bakery.save()
    client = Client()
    client.force_login(ana)
    assert "Ezarpenak" in client.get(SETTINGS).text
