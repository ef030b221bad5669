"""Informing owners: each once for an announcement, in their language, on record, with what failed to be sent again."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.conf import settings
from django.core import mail as outbox

from messaging.models import Announcement, Mail
from messaging.services import announcements, mails
from tenants.models import Membership
from tests.factories import (
    AssignmentFactory,
    MembershipFactory,
    StaffFactory,
    TenantFactory,
    UserFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("broker")]


def owner(username, *, number=True, uses_it=False, language="es", **fields):
    tenant = TenantFactory(
        name=f"Panadería {username}", language=language, whatsapp_enabled=uses_it
    )
    if number:
        AssignmentFactory(tenant=tenant)
    return MembershipFactory(tenant=tenant, user=UserFactory(username=username, **fields)).user


def announce(*people, key=None, texts=None):
    return announcements.announce(
        texts or announcements.copy_of_ours(),
        to={person.pk for person in people},
        by=StaffFactory().pk,
        key=key or uuid.uuid4(),
    )


def known():
    return {row.user.username: row for row in announcements.owners()}


def test_owners_with_a_number_and_an_address_who_were_not_informed_are_preselected():
    ana = owner("ana")
    owner("carla", number=False)
    owner("dora", email="")
    owner("eva", uses_it=True)
    bruno = MembershipFactory(role=Membership.Role.STAFF).user
    assert {name: row.is_preselected for name, row in known().items()} == {
        "ana": True,
        "carla": False,
        "dora": False,
        "eva": False,
    }
    assert bruno.username not in known()
    announce(ana)
    assert not known()["ana"].is_preselected
    assert known()["ana"].informed_at is not None


def test_who_owns_two_bakeries_is_one_owner_and_gets_one_mail():
    ana = owner("ana")
    MembershipFactory(user=ana, tenant=TenantFactory(name="Zweite"))
    assert known()["ana"].bakeries == ["Panadería ana", "Zweite"]
    announce(ana)
    mails.send_waiting()
    assert len(outbox.outbox) == 1


def test_each_reads_it_in_the_language_of_the_bakery():
    announce(owner("ana"), owner("carla", language="en"))
    mails.send_waiting()
    subjects = {sent.to[0].partition("@")[0]: sent.subject for sent in outbox.outbox}
    assert subjects == {
        "ana": "Los avisos por WhatsApp ya están disponibles",
        "carla": "WhatsApp notices are now available",
    }
    assert all(f"{settings.SITE_URL}/" in sent.body for sent in outbox.outbox)


def test_the_same_form_sent_twice_announces_once():
    ana, key = owner("ana"), uuid.uuid4()
    assert announce(ana, key=key) == announce(ana, key=key)
    assert Announcement.objects.count() == 1
    mails.send_waiting()
    assert len(outbox.outbox) == 1


def test_a_second_announcement_reaches_the_same_owner_again():
    ana = owner("ana")
    announce(ana)
    announce(ana)
    assert Mail.objects.filter(user=ana).count() == 2


def test_nobody_without_an_address_is_written_to():
    with pytest.raises(announcements.NobodyChosenError):
        announce(owner("dora", email=""), StaffFactory())
    assert not Announcement.objects.exists()


@pytest.mark.parametrize("words", [{"subject": " ", "text": "x"}, {"subject": "x", "text": ""}, {}])
def test_a_language_without_words_is_refused(words):
    texts = announcements.copy_of_ours() | {"en": words}
    with pytest.raises(announcements.EmptyWordsError) as refusal:
        announce(owner("ana"), texts=texts)
    assert refusal.value.language == "en"
    assert not Mail.objects.exists()


def test_what_failed_is_sent_again_and_what_arrived_is_not():
    ana, dora = owner("ana"), owner("dora")
    announcement = announce(ana, dora)
    type(dora).objects.filter(pk=dora.pk).update(email="")
    mails.send_waiting()
    assert sorted(announcement.mails.values_list("state", flat=True)) == ["failed", "sent"]
    type(dora).objects.filter(pk=dora.pk).update(email="dora@bakery.example")
    assert announcements.send_failed_again(announcement) == 1
    mails.send_waiting()
    assert [sent.to for sent in outbox.outbox] == [["ana@bakery.example"], ["dora@bakery.example"]]


def test_what_people_wrote_is_shown_as_they_wrote_it_and_as_no_markup():
    ana = owner("ana")
    words = {"subject": "a <b>\nc", "text": "One\nline\n\n<script>two</script>"}
    announce(ana, texts={"es": words, "en": words})
    mails.send_waiting()
    sent: Any = outbox.outbox[0]
    assert sent.subject == "a <b> c"
    html = sent.alternatives[0].content
    assert "One<br>line" in html
    assert "<script>" not in html
