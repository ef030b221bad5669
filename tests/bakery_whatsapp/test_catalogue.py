"""Keeping the Spanish catalogue without gettext's programs."""

from __future__ import annotations

import gettext
from pathlib import Path

import pytest

from bakery_whatsapp import catalogue

PYTHON = """
from django.utils.translation import gettext_lazy as _, ngettext, pgettext
title = _("Message")
long = _(
    "Sent by %(name)s "
    "today"
)
def count(n): return ngettext("%(n)d message", "%(n)d messages", n)
button = pgettext("verb", "Order")
"""
TEMPLATE = """
{% load i18n %}
  <p title="{% translate 'Phone number' %}">{% trans "Bread" as bread %}
    {% blocktranslate trimmed with name=bakery.name %}
      Orders of
      {{ name }}
    {% endblocktranslate %}</p>
{% blocktranslate count n=orders|length %}{{ n }} order{% plural %}{{ n }} orders{% endblocktranslate %}
<script src="x.js">if (a < b) { c('(') }</script>
"""


@pytest.fixture
def project(tmp_path) -> Path:
    (tmp_path / "messaging" / "migrations").mkdir(parents=True)
    (tmp_path / "messaging" / "words.py").write_text(PYTHON)
    (tmp_path / "messaging" / "migrations" / "0001_x.py").write_text('_("not this")')
    (tmp_path / "templates" / "messaging").mkdir(parents=True)
    (tmp_path / "templates" / "messaging" / "page.html").write_text(TEMPLATE)
    return tmp_path


def test_texts_of_code_and_templates_are_found(project):
    found = {message.id for message in catalogue.extract_texts(project) if message.id}
    assert found == {
        "Message",
        "Sent by %(name)s today",
        ("%(n)d message", "%(n)d messages"),
        "Order",
        "Phone number",
        "Bread",
        "Orders of %(name)s",
        ("%(n)s order", "%(n)s orders"),
    }


def test_an_update_keeps_translations_and_a_second_one_changes_nothing(project):
    assert catalogue.update("es", project)
    path = catalogue.po_path("es", project)
    path.write_text(
        path.read_text().replace('msgid "Bread"\nmsgstr ""', 'msgid "Bread"\nmsgstr "Pan"')
    )
    catalogue.update("es", project)
    assert 'msgid "Bread"\nmsgstr "Pan"' in path.read_text()
    assert not catalogue.update("es", project)


def test_gaps_unused_fuzzy_and_misfitting_translations_are_named(project):
    assert "missing in django.po: 'Bread'" in catalogue.problems("es", project)
    catalogue.update("es", project)
    assert "not translated: 'Bread'" in catalogue.problems("es", project)
    path = catalogue.po_path("es", project)
    text = path.read_text()
    path.write_text(
        text.replace('msgid "Bread"\n', '#, fuzzy\nmsgid "Bread"\n').replace(
            'today"\nmsgstr ""', 'today"\nmsgstr "Enviado por %(nombre)s"'
        )
        + '\nmsgid "Gone"\nmsgstr "Se fue"\n'
    )
    problems = catalogue.problems("es", project)
    assert "no longer used: 'Gone'" in problems
    assert "fuzzy: 'Bread'" in problems
    assert any("Sent by" in problem and "nombre" in problem for problem in problems)


def test_a_complete_catalogue_has_no_problems(project):
    (project / "messaging" / "words.py").write_text('_("Message")')
    (project / "templates" / "messaging" / "page.html").write_text("")
    catalogue.update("es", project)
    path = catalogue.po_path("es", project)
    path.write_text(
        path.read_text().replace('msgid "Message"\nmsgstr ""', 'msgid "Message"\nmsgstr "Mensaje"')
    )
    assert catalogue.problems("es", project) == []


def test_compiled_catalogues_are_what_gettext_reads(project):
    catalogue.update("es", project)
    path = catalogue.po_path("es", project)
    path.write_text(
        path.read_text().replace('msgid "Bread"\nmsgstr ""', 'msgid "Bread"\nmsgstr "Pan"')
    )
    assert catalogue.compile_all(project) == [path.with_suffix(".mo")]
    assert gettext.translation("django", project / "locale", ["es"]).gettext("Bread") == "Pan"
    assert catalogue.compile_all(project) == []


def test_the_spanish_of_this_project_is_complete():
    assert catalogue.problems("es") == []
