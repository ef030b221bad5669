"""The documents are true where a machine can tell: links, commands, variables, log lines, checks, pictures."""

from __future__ import annotations

import re
import struct
from pathlib import Path

import pytest
from django.core.management import get_commands

from bakery_whatsapp.api import STATUS_OF
from bakery_whatsapp.version import VERSION, version_in
from messaging.graph_api.catalogue import CATALOGUE
from tests.conftest import ROOT

DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
OURS = [path for path in DOCUMENTS if path.name != "simulator.md"]
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))
PICTURES = sorted((ROOT / "docs" / "pictures").glob("*"))
CODE = [
    path
    for app in ("bakery_whatsapp", "messaging", "tenants")
    for path in (ROOT / app).rglob("*.py")
]
LINK = re.compile(r"\]\(([^)\s]+)\)")
# They look like variables of ours: a place in Meta's addresses, a setting of Django's.
NOT_OURS = {"WABA_ID", "CONN_MAX_AGE"}
PICTURE_BYTES = 250 * 1024


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def anchors_of(path: Path) -> set[str]:
    """The headings as GitHub turns them into anchors."""
    headings = re.findall(r"^#+ (.+)$", text_of(path), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_every_link_leads_somewhere(document):
    for target in LINK.findall(text_of(document)):
        if target.startswith("https://"):
            continue
        path, _hash, anchor = target.partition("#")
        found = (document.parent / path).resolve() if path else document
        assert found.exists(), target
        if anchor:
            assert anchor in anchors_of(found), target


def test_the_map_leads_to_every_document():
    map_ = ROOT / "docs" / "README.md"
    linked = {
        (map_.parent / target.partition("#")[0]).resolve() for target in LINK.findall(text_of(map_))
    }
    assert {path for path in DOCUMENTS if path != map_} <= linked


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_every_make_target_exists(document):
    targets = set(re.findall(r"^([a-z-]+):", text_of(ROOT / "Makefile"), re.MULTILINE))
    assert set(re.findall(r"(?:`|^)make ([a-z-]+)", text_of(document), re.MULTILINE)) <= targets


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_every_management_command_exists(document):
    assert set(re.findall(r"manage\.py ([a-z_]+)", text_of(document))) <= set(get_commands())


@pytest.mark.parametrize("document", OURS, ids=named)
def test_every_variable_exists(document):
    known = set(re.findall(r"^([A-Z][A-Z0-9_]*)=", text_of(ROOT / ".env.example"), re.MULTILINE))
    code = re.findall(r"`([^`\n]+)`", text_of(document))
    words = {word for span in code for word in re.findall(r"\b[A-Z]+(?:_[A-Z]+)+\b", span)}
    assert words - NOT_OURS <= known


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_every_path_of_ours_exists(document):
    paths = re.findall(
        r"`((?:bakery_whatsapp|messaging|tenants|tests|templates|locale|docs)/[\w./-]*)`",
        text_of(document),
    )
    missing = [path for path in paths if not (ROOT / path).exists()]
    assert not missing


def test_every_log_line_is_written_somewhere():
    code = "\n".join(map(text_of, CODE))
    table = text_of(ROOT / "docs" / "operations.md").partition("## Log lines")[2]
    rows = re.findall(r"^\| (?:INFO|WARNING|ERROR) \| (.+?) \|", table, re.MULTILINE)
    sentences = [sentence for row in rows for sentence in re.findall(r"`([^`]+)`", row)]
    assert len(sentences) > 20
    assert [sentence for sentence in sentences if f'"{sentence}"' not in code] == []


def test_every_log_line_is_explained():
    explained = text_of(ROOT / "docs" / "operations.md")
    written = {
        sentence
        for path in CODE
        if "simulator" not in path.parts
        for sentence in re.findall(
            r'log\.(?:info|warning|error|exception)\(\s*"([^"]+)"', text_of(path)
        )
    }
    assert {sentence for sentence in written if f"`{sentence}`" not in explained} == set()


def test_every_system_check_is_explained():
    pattern = r"bakery_whatsapp\.[EW]\d{3}"
    in_code = set(re.findall(pattern, text_of(ROOT / "bakery_whatsapp" / "checks.py")))
    assert set(re.findall(pattern, text_of(ROOT / "docs" / "operations.md"))) == in_code


def test_the_error_classes_stand_with_their_codes():
    table = text_of(ROOT / "docs" / "meta.md").partition("## Errors")[2]
    for row in re.findall(r"^\| `(\w+)`(.*?)\| ([\d, ]+) \|", table, re.MULTILINE):
        error_class, scope, codes = row
        for code in codes.split(","):
            facts = CATALOGUE[int(code)]
            assert facts.error_class == error_class, code
            if "scope" in scope:
                assert scope.endswith(f"scope {facts.scope} "), code


def test_every_refusal_that_is_named_exists():
    text = text_of(ROOT / "docs" / "operations.md")
    section = text.partition("### A bakery's messages are refused")[2].partition("## ")[0]
    codes = set(re.findall(r"`([a-z]+_[a-z_]+)`", section))
    assert codes
    assert codes <= set(STATUS_OF)


def test_decisions_are_numbered_without_gaps():
    assert [int(path.name[:4]) for path in DECISIONS] == list(range(1, len(DECISIONS) + 1))


@pytest.mark.parametrize("decision", DECISIONS, ids=named)
def test_a_decision_says_why_and_what_was_refused(decision):
    text = text_of(decision)
    assert text.startswith(f"# {int(decision.name[:4])}. ")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == [
        "Context",
        "Decision",
        "Refused",
        "Consequences",
    ]
    assert len(text.splitlines()) <= 60, "one page"


def test_the_pictures_are_of_a_size_for_a_readme():
    assert {path.name for path in PICTURES} >= {"message.png", "phone.png"}
    for path in PICTURES:
        body = path.read_bytes()
        assert body.startswith(b"\x89PNG"), path.name
        assert len(body) < PICTURE_BYTES, path.name
        assert min(struct.unpack(">II", body[16:24])) >= 300, path.name


def test_the_version_is_the_changelogs_newest():
    assert (
        version_in("# Changelog\n\n## [1.2.0] - 2027-01-01\n\n## [1.1.9] - 2026-12-01\n") == "1.2.0"
    )
    assert f"## [{VERSION}]" in text_of(ROOT / "CHANGELOG.md")


def test_a_changelog_without_a_version_is_refused():
    with pytest.raises(ValueError, match="heading"):
        version_in("# Changelog\n")
