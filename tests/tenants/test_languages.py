from __future__ import annotations

import pytest
from django.utils import translation

from tenants.languages import languages_in, own_name


def catalogue(locale, name):
    folder = locale / name / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "django.po").write_text("")


def test_each_catalogue_is_a_language_and_english_needs_none(tmp_path):
    catalogue(tmp_path, "eu")
    catalogue(tmp_path, "pt_BR")
    (tmp_path / "es").mkdir()  # no catalogue in it
    assert [code for code, _name in languages_in(tmp_path)] == ["en", "eu", "pt-br"]


def test_a_language_is_named_in_the_readers(tmp_path):
    catalogue(tmp_path, "eu")
    basque = dict(languages_in(tmp_path))["eu"]
    with translation.override("es"):
        assert str(basque) == "Euskera"
    with translation.override("en"):
        assert str(basque) == "Basque"


@pytest.mark.parametrize(
    ("code", "name"), [("es", "Español"), ("en", "English"), ("eu", "Euskara"), ("xx", "xx")]
)
def test_a_language_is_offered_by_what_it_calls_itself(code, name):
    assert own_name(code) == name
