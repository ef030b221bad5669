"""Writing a template: the form, its preview, saving, submitting, and who may."""

from __future__ import annotations

import json

import pytest
import requests
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import translation
from django.utils.html import escape
from hypothesis import given
from hypothesis import strategies as st

from messaging import demo
from messaging.admin.lint_words import SENTENCES, lines_of
from messaging.admin.template_form import TemplateForm
from messaging.graph_api.template_lint import Code, Finding, Level
from messaging.models import MessageTemplate, TemplateDraft
from tenants.models import User
from tests.factories import AccountFactory, MembershipFactory, TemplateFactory
from tests.messaging.conftest import GRAPH

ADD = "/admin/messaging/templatedraft/add/"
PREVIEW = "/admin/messaging/templatedraft/preview/"
TEMPLATES_URL = f"{GRAPH}/{demo.WABA_ID}/message_templates"
WRITTEN = {
    "name": "order_ready",
    "language": "es",
    "category": "UTILITY",
    "parameter_format": "POSITIONAL",
    "header_kind": "TEXT",
    "header_text": "Pedido {{1}}",
    "body": "Hola {{1}}, tu pedido *ya* está listo.\r\nPuedes recogerlo a las {{2}} en la tienda.",
    "footer": "Mensaje automático",
    "example-header-1": "PO-1",
    "example-body-1": "Ana",
    "example-body-2": "20:00",
    "button-0-kind": "URL",
    "button-0-text": "Ver pedido",
    "button-0-value": "https://pan.example/{{1}}",
    "button-0-example": "abc",
    "button-1-kind": "PHONE_NUMBER",
    "button-1-text": "Llamar",
    "button-1-value": "+34 600 000 101",
}
COMPONENTS = [
    {
        "type": "HEADER",
        "format": "TEXT",
        "text": "Pedido {{1}}",
        "example": {"header_text": ["PO-1"]},
    },
    {
        "type": "BODY",
        "text": "Hola {{1}}, tu pedido *ya* está listo.\nPuedes recogerlo a las {{2}} en la tienda.",
        "example": {"body_text": [["Ana", "20:00"]]},
    },
    {"type": "FOOTER", "text": "Mensaje automático"},
    {
        "type": "BUTTONS",
        "buttons": [
            {
                "type": "URL",
                "text": "Ver pedido",
                "url": "https://pan.example/{{1}}",
                "example": ["abc"],
            },
            {"type": "PHONE_NUMBER", "text": "Llamar", "phone_number": "+34600000101"},
        ],
    },
]


@pytest.fixture
def account(db, broker):
    return AccountFactory.create()


def written(paula, **more) -> TemplateDraft:
    """Save what was written; return the draft."""
    assert paula.post(ADD, WRITTEN | more).status_code == 302
    draft: TemplateDraft = TemplateDraft.objects.get()
    return draft


def page_of(draft: TemplateDraft, name: str = "change") -> str:
    return f"/admin/messaging/templatedraft/{draft.pk}/{name}/"


def version(draft: TemplateDraft) -> dict[str, str]:
    draft.refresh_from_db()
    return {"version": draft.updated_at.isoformat()}


# --- The form ------------------------------------------------------------------------------------
def test_what_is_written_is_kept_in_metas_shape(paula, account):
    draft = written(paula)
    assert draft.components == COMPONENTS
    assert (draft.name, draft.language, draft.category) == ("order_ready", "es", "UTILITY")
    assert draft.updated_by == "paula"
    assert not MessageTemplate.objects.exists()


def test_what_was_kept_stands_in_the_form_again(paula, account):
    draft = written(paula)
    form = TemplateForm(draft)
    assert [example.value for example in form.examples] == ["PO-1", "Ana", "20:00"]
    text = paula.get(page_of(draft)).text
    for value in ("order_ready", "Mensaje automático", "https://pan.example/{{1}}"):
        assert f'value="{value}"' in text
    answer = paula.post(page_of(draft), WRITTEN | version(draft))
    assert answer.status_code == 302
    draft.refresh_from_db()
    assert draft.components == COMPONENTS


def test_named_placeholders_get_named_examples(paula, account):
    draft = written(
        paula,
        parameter_format="NAMED",
        header_kind="",
        body="Hola {{cliente}}, tu pedido está listo.",
        **{"example-body-cliente": "Ana"},
    )
    [part, *_rest] = draft.components
    rows = [{"param_name": "cliente", "example": "Ana"}]
    assert part["example"] == {"body_text_named_params": rows}


def test_an_unfinished_draft_is_kept_with_what_is_missing(paula, account):
    answer = paula.post(ADD, {"category": "UTILITY", "parameter_format": "POSITIONAL"}, follow=True)
    assert TemplateDraft.objects.get().components == []
    assert "The template needs a name." in answer.text
    assert "Write the text" in answer.text


@pytest.mark.parametrize("name", ["po_notification", "low_stock_alert", "production_alert"])
def test_our_own_copy_fills_the_form(paula, account, name):
    page = paula.get(f"{ADD}?copy={name}")
    assert f'value="{name}"' in page.text
    assert not page.context["has_errors"]
    assert not TemplateDraft.objects.exists()


def test_the_page_shows_bubble_and_findings_without_any_script(paula, account):
    draft = written(paula, **{"example-body-2": ""})
    text = paula.get(page_of(draft)).text
    assert "<strong>ya</strong>" in text
    assert "Give an example for {{2}}" in text


def test_one_more_button_is_offered_than_there_are(paula, account):
    draft = written(paula, **{f"button-{place}-kind": "QUICK_REPLY" for place in range(4)})
    assert len(TemplateForm(draft).places) == 5


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "a" * 513},
        {"language": "a" * 17},
        {"category": "NONSENSE"},
        {"body": "a\x00b"},
        {"button-0-kind": "NONSENSE"},
        {"body": "a" * 5001},
    ],
)
def test_what_no_row_can_hold_is_said_and_nothing_is_saved(paula, account, wrong):
    answer = paula.post(ADD, WRITTEN | wrong)
    assert answer.status_code == 200
    assert 'role="alert"' in answer.text
    assert not TemplateDraft.objects.exists()


def test_somebody_elses_change_is_not_overwritten(paula, account):
    draft = written(paula)
    old = version(draft)
    paula.post(page_of(draft), WRITTEN | {"footer": "Primera"} | old)
    answer = paula.post(page_of(draft), WRITTEN | {"footer": "Segunda"} | old)
    assert "Somebody else changed or submitted this draft" in answer.text
    assert 'value="Segunda"' in answer.text
    draft.refresh_from_db()
    assert draft.components[2]["text"] == "Primera"


def test_media_headers_and_other_buttons_are_kept_as_meta_has_them(paula, account):
    image = {"type": "HEADER", "format": "IMAGE", "example": {"header_handle": ["4::aW"]}}
    flow = {"type": "FLOW", "text": "Abrir", "flow_id": "1"}
    other = {"type": "LIMITED_TIME_OFFER", "limited_time_offer": {"text": "x"}}
    components = [image, demo.TEMPLATES[0]["components"][0], {"type": "BUTTONS", "buttons": [flow]}]
    template = TemplateFactory.create(meta_template_id="5", components=[*components, other])
    paula.post(f"/admin/messaging/messagetemplate/{template.pk}/edit/")
    draft = TemplateDraft.objects.get()
    assert "as it is at Meta: image" in paula.get(page_of(draft)).text
    data = {"header_kind": "KEPT", "body": "Hola, todo listo.", "button-0-kind": "KEPT"}
    paula.post(page_of(draft), data | version(draft))
    draft.refresh_from_db()
    assert draft.components[0] == image
    assert draft.components[2]["buttons"] == [flow]
    assert draft.components[3] == other


def test_name_language_and_an_approved_category_are_never_changed(paula, account):
    template = TemplateFactory.create(meta_template_id="5")
    paula.post(f"/admin/messaging/messagetemplate/{template.pk}/edit/")
    draft = TemplateDraft.objects.get()
    sent = WRITTEN | {"name": "other", "language": "en", "category": "MARKETING"}
    paula.post(page_of(draft), sent | version(draft))
    draft.refresh_from_db()
    assert (draft.name, draft.language, draft.category) == ("po_notification", "es", "UTILITY")


def test_without_an_account_the_form_says_what_to_do_first(paula, db, settings):
    settings.WHATSAPP_ACCESS_TOKEN = ""
    assert "There is no account yet" in paula.get(ADD, follow=True).text


def test_a_draft_is_discarded_after_a_question(paula, account):
    draft = written(paula)
    assert paula.get(page_of(draft, "delete")).status_code == 200
    paula.post(page_of(draft, "delete"), {"post": "yes"})
    assert not TemplateDraft.objects.exists()


def test_the_form_and_the_list_keep_to_their_queries(paula, account, django_assert_max_num_queries):
    for place in range(20):
        TemplateFactory.create(name=f"template_{place}")
        TemplateDraft.objects.create(account=account, name=f"draft_{place}")
    draft = TemplateDraft.objects.newest_first()[0]
    with django_assert_max_num_queries(9):
        paula.get(page_of(draft))
    with django_assert_max_num_queries(9):
        paula.get("/admin/messaging/templatedraft/")


# --- The preview ---------------------------------------------------------------------------------
def test_the_preview_answers_what_the_form_would_become(paula, account):
    page = paula.post(PREVIEW, WRITTEN | {"draft": ""}).text
    assert "Hola Ana, tu pedido <strong>ya</strong> está listo." in page
    assert "Nothing to object to" in page
    assert 'name="example-body-2"' in page
    assert not TemplateDraft.objects.exists()


def test_the_preview_of_a_change_does_not_find_its_own_name_taken(paula, account):
    template = TemplateFactory.create(meta_template_id="5")
    paula.post(f"/admin/messaging/messagetemplate/{template.pk}/edit/")
    draft = TemplateDraft.objects.get()
    page = paula.post(PREVIEW, WRITTEN | {"draft": draft.pk}).text
    assert "Nothing to object to" in page


@pytest.mark.parametrize("draft", ["99999", "x", "9" * 30])
def test_the_preview_of_a_draft_that_is_gone_does_not_break(paula, account, draft):
    assert paula.post(PREVIEW, WRITTEN | {"draft": draft}).status_code in {200, 409}


def test_what_is_written_is_escaped(paula, account):
    page = paula.post(PREVIEW, WRITTEN | {"body": "<script>alert(1)</script>"}).text
    assert "<script>" not in page
    assert escape("<script>") in page


@given(body=st.text(alphabet="aB {}1_\n*\"'<", max_size=40), name=st.text(max_size=10))
def test_whatever_is_written_becomes_components(body, name):
    draft = TemplateDraft()
    data = WRITTEN | {"body": body.strip(), "name": name}
    form = TemplateForm(draft, data)
    if form.is_valid():
        form.fill(draft)
        json.dumps(draft.components)
        assert draft.components[0]["type"] == "HEADER"


# --- Submitting ----------------------------------------------------------------------------------
def submit(paula, draft: TemplateDraft, **more):
    return paula.post(page_of(draft, "submit"), version(draft) | more, follow=True)


def test_submitting_asks_with_the_bubble_then_shows_the_template(paula, account, meta):
    answer = paula.post(ADD, WRITTEN | {"_submit": ""})
    draft = TemplateDraft.objects.get()
    assert answer.headers["location"] == page_of(draft, "submit")
    page = paula.get(page_of(draft, "submit")).text
    assert "Submit order_ready (es) as UTILITY?" in page
    assert "Hola Ana" in page
    meta.mock.post(TEMPLATES_URL, json={"id": "7", "status": "PENDING", "category": "UTILITY"})
    text = submit(paula, draft).text
    assert "Submitted to Meta." in text
    assert "Meta is reviewing it" in text
    assert MessageTemplate.objects.get().components == COMPONENTS


def test_errors_leave_no_button_and_are_refused(paula, account, meta):
    draft = written(paula, body="")
    page = paula.get(page_of(draft, "submit"))
    assert page.context["has_errors"]
    assert "Submit to Meta</button>" not in page.text
    assert "Nothing was sent" in submit(paula, draft, accepts="1").text
    assert len(meta.mock.calls) == 0


def test_warnings_need_a_tick(paula, account, meta):
    draft = written(paula, footer="Oferta")
    assert 'name="accepts"' in paula.get(page_of(draft, "submit")).text
    assert "Nothing was sent" in submit(paula, draft).text
    meta.mock.post(TEMPLATES_URL, json={"id": "7", "status": "PENDING", "category": "MARKETING"})
    text = submit(paula, draft, accepts="1").text
    assert "Meta made it MARKETING instead of UTILITY" in text


def test_metas_refusal_shows_our_words_its_code_and_its_words(paula, account, meta):
    draft = written(paula)
    error = {
        "code": 100,
        "error_subcode": 2388293,
        "error_user_title": "Demasiadas variables",
        "error_user_msg": "Reduce su número.",
    }
    meta.mock.post(TEMPLATES_URL, status=400, json={"error": error})
    text = submit(paula, draft).text
    assert "too many placeholders for so little text" in text
    assert "(2388293)" in text
    assert "Demasiadas variables: Reduce su número." in text
    assert TemplateDraft.objects.exists()


def test_metas_silence_keeps_the_draft_and_says_so(paula, account, meta):
    draft = written(paula)
    meta.mock.post(TEMPLATES_URL, body=requests.ConnectionError())
    assert "nobody knows whether it took the change" in submit(paula, draft).text
    assert "nobody knows whether it has it" in paula.get(page_of(draft)).text


def test_a_draft_that_is_gone_or_changed_is_not_submitted(paula, account, meta):
    draft = written(paula)
    answer = paula.post(page_of(draft, "submit"), {"version": "nonsense"}, follow=True)
    assert "Look at it again" in answer.text
    assert paula.post("/admin/messaging/templatedraft/999/submit/").status_code == 404
    assert len(meta.mock.calls) == 0


# --- Who may -------------------------------------------------------------------------------------
def test_anonymous_and_bakeries_reach_nothing(account, paula):
    draft = written(paula)
    owner = Client()
    owner.force_login(MembershipFactory.create().user)
    for client in (Client(), owner):
        for path in (ADD, PREVIEW, page_of(draft), page_of(draft, "submit")):
            for answer in (client.get(path), client.post(path, WRITTEN)):
                assert answer.status_code == 302
                assert "/login" in answer.headers["location"]
    assert TemplateDraft.objects.count() == 1


def writer(*codenames: str) -> Client:
    person = User.objects.create(username="trainee", is_staff=True)
    person.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client = Client(headers={"accept-language": "en"})
    client.force_login(person)
    return client


def test_staff_without_rights_may_neither_write_nor_submit(account, paula, meta):
    draft = written(paula)
    client = writer("view_templatedraft")
    for path in (ADD, PREVIEW, page_of(draft), page_of(draft, "submit")):
        assert client.post(path, WRITTEN).status_code == 403


def test_who_may_write_may_not_submit_to_meta(account, meta):
    client = writer("add_templatedraft", "change_templatedraft")
    assert client.post(ADD, WRITTEN).status_code == 302
    draft = TemplateDraft.objects.get()
    assert 'name="_submit"' not in client.get(page_of(draft)).text
    assert client.post(page_of(draft, "submit"), version(draft)).status_code == 403
    assert len(meta.mock.calls) == 0


# --- Words ---------------------------------------------------------------------------------------
FACTS: dict[str, str | int] = dict.fromkeys(("length", "limit", "missing", "name", "language", "until", "words", "variables", "other", "kind"), 1)  # fmt: skip


@pytest.mark.parametrize("code", Code)
def test_every_finding_has_a_sentence(code):
    with translation.override("en"):
        [line] = lines_of([Finding(Level.WARNING, "button 2", code, FACTS)])
    assert line.sentence
    assert "%(" not in line.sentence
    assert line.where == "Button 2"


def test_there_are_no_sentences_for_what_is_never_found():
    assert set(SENTENCES) == set(Code)


def test_two_counts_in_one_sentence_are_each_in_their_own_number():
    finding = Finding(Level.WARNING, "body", Code.VARIABLES_MANY, {"variables": 2, "words": 1})
    with translation.override("en"):
        assert "2 placeholders among 1 word:" in lines_of([finding])[0].sentence


def test_form_and_submission_show_both_texts_when_meta_has_another_by_now(paula):
    template = TemplateFactory(meta_template_id="1200000000000345")
    draft = TemplateDraft.objects.create(
        account=template.account,
        template=template,
        name=template.name,
        components=[{"type": "BODY", "text": "Hola, este texto es del borrador."}],
        begun_from="Lo que decía antes.",
    )
    change = f"/admin/messaging/templatedraft/{draft.pk}/change/"
    for address in (change, f"/admin/messaging/templatedraft/{draft.pk}/submit/"):
        text = paula.get(address).text
        assert "Changed at Meta since this draft was begun" in text
        assert "has recibido una nueva orden de compra" in text
        assert "este texto es del borrador" in text
        assert "submitting it takes that change back" in text
    TemplateDraft.objects.update(begun_from="")
    assert "Changed at Meta since" not in paula.get(change).text
