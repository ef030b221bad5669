"""The Spanish catalogue: complete, and really used in every folder that has text for people."""

from __future__ import annotations

import ast
import re
from gettext import GNUTranslations
from gettext import translation as catalogue_of
from pathlib import Path

import django
import pytest
from babel.messages.catalog import Message
from django.utils import translation
from django.utils.translation import gettext

from bakery_whatsapp import catalogue

ROOT = Path(__file__).resolve().parents[2]
# One text of each folder.
SAMPLES = {
    "bakery_whatsapp": ("Accounts", "Cuentas"),
    "messaging/bakery": ("Not delivered", "No entregado"),
    "messaging/models": ("order number", "número de pedido"),
    "tenants/models": ("bakeries", "panaderías"),
    "templates/messaging/bakery": ("Latest notices", "Últimos avisos"),
    "templates/registration": ("Forgotten password", "Contraseña olvidada"),
}


@pytest.mark.parametrize("language", catalogue.LANGUAGES)
def test_the_catalogue_has_no_gaps(language):
    assert catalogue.problems(language) == []


@pytest.fixture(scope="module")
def texts() -> list[Message]:
    return list(catalogue.extract_texts())


@pytest.mark.parametrize("folder", SAMPLES)
def test_each_folder_is_translated(texts, folder):
    text, spanish = SAMPLES[folder]
    found = {
        message.id
        for message in texts
        if any(place.startswith(folder) for place, _ in message.locations)
    }
    assert text in found
    with translation.override("es"):
        assert gettext(text) == spanish
    with translation.override("en"):
        assert gettext(text) == text


def test_no_text_hides_in_an_f_string():
    # Python 3.11 reads an f-string as one piece, so its texts would be found by 3.12 only.
    hidden = [
        f"{path.relative_to(ROOT)}:{piece.lineno}"
        for folder in ("bakery_whatsapp", "messaging", "tenants")
        for path in sorted((ROOT / folder).rglob("*.py"))
        for piece in ast.walk(ast.parse(path.read_text()))
        if isinstance(piece, ast.JoinedStr) and _calls_gettext(piece)
    ]
    assert not hidden


def _calls_gettext(piece: ast.AST) -> bool:
    return any(
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in catalogue.KEYWORDS
        for node in ast.walk(piece)
    )


def test_placeholders_and_markup_survive_translation():
    pieces = re.compile(r"%\(\w+\)[ds]|</?\w+>")
    broken = []
    for message in catalogue._read(catalogue.po_path("es"), "es"):
        originals = [message.id] if isinstance(message.id, str) else list(message.id)
        translated = message.string or ""
        strings = [translated] if isinstance(translated, str) else list(translated)
        expected = set(pieces.findall(originals[-1]))
        broken += [text for text in strings if text and set(pieces.findall(text)) != expected]
    assert not [text for text in broken if "Project-Id-Version" not in text]


def test_bakeries_are_addressed_informally():
    # In what only bakeries read; "su" may be the supplier's, "usted" is always a slip.
    formal = re.compile(r"\b(usted|ustedes|introduzca|haga|póngase|vuelva)\b", re.IGNORECASE)
    slips = [
        message.string
        for message in catalogue._read(catalogue.po_path("es"), "es")
        if isinstance(message.string, str)
        and formal.search(message.string)
        and any(
            re.search(r"bakery/|registration/|base\.html", place) for place, _ in message.locations
        )
    ]
    assert not slips


def _of_django() -> list[Message]:
    """What we say in Django's stead."""
    return [
        message
        for message in catalogue._read(catalogue.po_path("es"), "es")
        if any(place.endswith("django_words.py") for place, _ in message.locations)
    ]


def test_what_django_says_is_said_with_tu():
    formal = re.compile(
        r"\b(usted|sus?|introduzca|escriba|seleccione|escoja|corrija|asegúrese)\b", re.I
    )
    strings = [text for message in _of_django() for text in _strings(message)]
    assert len(strings) > 40
    assert not [text for text in strings if formal.search(text)]


def test_django_still_says_what_we_say_in_its_stead():
    apps = ("conf", "contrib/admin", "contrib/auth")
    folder = Path(django.__file__).parent
    of_django = [catalogue_of("django", folder / app / "locale", ["es"]) for app in apps]
    unknown = [
        message.id
        for message in _of_django()
        if not any(_is_translated(message, known) for known in of_django)
    ]
    assert not unknown


def _is_translated(message: Message, known: GNUTranslations) -> bool:
    if isinstance(message.id, str):
        return known.gettext(message.id) != message.id
    one, many = message.id
    return known.ngettext(one, many, 2) != many


def _strings(message: Message) -> list[str]:
    return [message.string] if isinstance(message.string, str) else list(message.string or ())
