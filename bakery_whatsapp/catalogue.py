"""The catalogues without gettext's programs, which a fresh machine may lack: Babel reads and writes the files.

`python -m bakery_whatsapp.catalogue update` brings locale/*/LC_MESSAGES/django.po up to date with the texts in code and
templates, `check` fails on gaps, and `compile` writes the .mo files that Django reads (git ignores them). `update eu`
begins a catalogue for Basque; every language that has one is offered on every page.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ("bakery_whatsapp", "messaging", "tenants", "templates")
LANGUAGES = tuple(
    sorted(path.parent.parent.name for path in ROOT.glob("locale/*/LC_MESSAGES/django.po"))
)
# gettext's names and which argument is the text; (n, "c") is its context.
KEYWORDS: dict[str, Any] = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}


def po_path(language: str, root: Path = ROOT) -> Path:
    return root / "locale" / language / "LC_MESSAGES" / "django.po"


def extract_texts(root: Path = ROOT) -> Catalog:
    """All texts in `_()` of our Python files and in translate tags of our templates, with where they stand."""
    catalogue = Catalog(project="bakery_whatsapp")
    for path in _source_files(root):
        for line, text, comments, context in _texts_of(path):
            place = (path.relative_to(root).as_posix(), line)
            catalogue.add(text, locations=[place], auto_comments=comments, context=context)
    return catalogue


def _source_files(root: Path) -> Iterator[Path]:
    for source in SOURCES:
        for path in sorted((root / source).rglob("*")):
            is_template = path.suffix in {".html", ".txt"} and "templates" in path.parts
            # Texts in migrations are copies of those in the models.
            if is_template or (path.suffix == ".py" and "migrations" not in path.parts):
                yield path


def _texts_of(path: Path) -> Iterator[tuple[int, Any, list[str], str | None]]:
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        text = _template_as_python(text, path.name)
    yield from extract("python", io.BytesIO(text.encode()), KEYWORDS, ["Translators:"])


def _template_as_python(text: str, name: str) -> str:
    from django.utils.translation.template import templatize

    # Django writes calls of gettext between placeholders, line by line, which is no Python program. Inside parentheses
    # indentation means nothing, so that it can at least be split into words.
    return f"({templatize(text, origin=name)}\n)"


def update(language: str, root: Path = ROOT) -> bool:
    """Rewrite the language's .po: new texts without translation, unused ones dropped. Return whether it changed."""
    path = po_path(language, root)
    before = path.read_bytes() if path.exists() else b""
    catalogue = _read(path, language)
    found = extract_texts(root)
    found.creation_date = catalogue.creation_date
    # Guessed ("fuzzy") translations are more work to find and undo than empty ones are to fill.
    catalogue.update(found, no_fuzzy_matching=True, update_creation_date=False)
    output = io.BytesIO()
    # Line numbers would change in every commit.
    write_po(output, catalogue, width=100, ignore_obsolete=True, include_lineno=False)
    if output.getvalue() == before:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(output.getvalue())
    return True


def problems(language: str, root: Path = ROOT) -> list[str]:
    """What a translator must do before the catalogue is complete, one sentence each."""
    path = po_path(language, root)
    catalogue = _read(path, language)
    found = {_key(message) for message in extract_texts(root) if message.id}
    known = {_key(message): message for message in catalogue if message.id}
    result = [f"missing in {path.name}: {_shown(key)}" for key in sorted(found - known.keys())]
    for key, message in sorted(known.items()):
        if key not in found:
            result.append(f"no longer used: {_shown(key)}")
        elif message.fuzzy:
            result.append(f"fuzzy: {_shown(key)}")
        elif not _is_translated(message):
            result.append(f"not translated: {_shown(key)}")
        else:
            result += [f"{_shown(key)}: {error}" for error in message.check(catalogue)]
    return result


def compile_all(root: Path = ROOT) -> list[Path]:
    """Write the .mo of each .po that is newer than it; return those written."""
    written = []
    for path in sorted((root / "locale").glob("*/LC_MESSAGES/*.po")):
        target = path.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime >= path.stat().st_mtime:
            continue
        # Replaced in one step: a running process may be reading the old one.
        unfinished = target.with_suffix(".mo.new")
        with unfinished.open("wb") as file:
            write_mo(file, _read(path, path.parent.parent.name))
        unfinished.replace(target)
        written.append(target)
    return written


def _read(path: Path, language: str) -> Catalog:
    if not path.exists():
        return Catalog(locale=language, project="bakery_whatsapp", fuzzy=False)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def _key(message: Message) -> tuple[str, str]:
    return (message.context or "", message.id if isinstance(message.id, str) else message.id[0])


def _shown(key: tuple[str, str]) -> str:
    context, text = key
    return f"{context}: {text!r}" if context else repr(text)


def _is_translated(message: Message) -> bool:
    translated = message.string or ""
    return bool(translated) if isinstance(translated, str) else all(translated)


def main(arguments: list[str]) -> int:
    match arguments:
        case ["update", *asked]:
            for language in asked or LANGUAGES:
                changed = update(language)
                print(f"{language}: {'updated' if changed else 'nothing to do'}")
                for problem in problems(language):
                    print(f"  {problem}")
            return 0
        case ["check"]:
            found = [(language, text) for language in LANGUAGES for text in problems(language)]
            for language, text in found:
                print(f"{language}: {text}")
            print(
                f"{len(found)} to do in the catalogues" if found else "the catalogues are complete"
            )
            return 1 if found else 0
        case ["compile"]:
            for path in compile_all():
                print(f"wrote {path.relative_to(ROOT)}")
            return 0
        case _:
            print(
                "usage: python -m bakery_whatsapp.catalogue update [LANGUAGE …]|check|compile",
                file=sys.stderr,
            )
            return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
