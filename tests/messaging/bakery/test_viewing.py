"""The platform's staff look at a bakery's pages: asked first, told on each page, read-only, ended after half an hour."""

from __future__ import annotations

from datetime import timedelta

import pytest
from auditlog.models import LogEntry
from django.test import Client
from django.urls import get_resolver, reverse
from django.utils import timezone

from tenants.models import User
from tests.factories import MembershipFactory, StaffFactory, SupportFactory, TenantFactory

PAGE = "/bakery/goiko"


@pytest.fixture
def sonia(db) -> User:
    user: User = SupportFactory.create(username="sonia")
    return user


def entered(user):
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


def start(client: Client, bakery):
    return client.post(reverse("admin:tenants_tenant_view_as", args=(bakery.pk,)))


@pytest.mark.parametrize("person", ["sonia", "paula"])
def test_staff_press_a_button_and_see_the_page_with_a_banner(request, bakery, person):
    client = entered(request.getfixturevalue(person))
    admin = client.get(reverse("admin:tenants_tenant_change", args=(bakery.pk,))).text
    assert "View as bakery" in admin
    assert start(client, bakery).url == PAGE
    page = client.get(PAGE).text
    assert "You look at <strong>Panadería Goiko</strong> as support, read-only" in page
    assert 'action="/viewing/end"' in page


def test_the_banner_speaks_spanish(bakery, sonia):
    client = entered(sonia)
    start(client, bakery)
    page = client.get(PAGE, headers={"accept-language": "es"}).text
    assert "como soporte, solo lectura" in page


def test_without_the_button_staff_are_asked_first(bakery, sonia):
    client = entered(sonia)
    answer = client.get(PAGE, follow=True)
    assert answer.redirect_chain[-1][0] == reverse(
        "admin:tenants_tenant_view_as", args=(bakery.pk,)
    )
    assert "Look at the pages of Panadería Goiko?" in answer.text


def test_looking_at_one_bakery_opens_no_other(bakery, sonia):
    TenantFactory.create(slug="artesano")
    client = entered(sonia)
    start(client, bakery)
    assert client.get("/bakery/artesano").status_code == 302
    assert client.get("/bakery/nowhere").status_code == 404


def addresses() -> list[str]:
    """Every address below a bakery's, whoever builds it."""
    unknown = "6ac5e28a-b97e-4867-868a-aa3fa07b0405"
    values = {"message_id": unknown, "link_id": unknown, "recipient_id": unknown, "slug": "goiko"}
    found = []
    for name, ways in get_resolver().reverse_dict.lists():
        for possibilities, pattern, _defaults, _converters in ways:
            if isinstance(name, str) and pattern.startswith("bakery/"):
                parameters = possibilities[0][1]
                found.append(reverse(name, kwargs={key: values.get(key, 1) for key in parameters}))
    return sorted(set(found))


@pytest.mark.parametrize("is_looking", [True, False])
@pytest.mark.parametrize("person", ["sonia", "paula"])
def test_nothing_is_posted_to_any_page_of_a_bakery(request, bakery, person, is_looking):
    client = entered(request.getfixturevalue(person))
    if is_looking:
        start(client, bakery)
    assert len(addresses()) > 5
    for path in addresses():
        for method in ("post", "put", "delete", "patch"):
            answer = getattr(client, method)(path)
            assert answer.status_code == 403, path
    assert "You only look at this bakery." in client.post(PAGE).text


def test_it_is_written_into_the_log_who_looked_from_when_to_when(bakery, sonia):
    client = entered(sonia)
    before = timezone.now()
    start(client, bakery)
    client.post("/viewing/end")
    first, last = LogEntry.objects.get_for_object(bakery).filter(actor=sonia).order_by("id")
    assert first.action == last.action == LogEntry.Action.ACCESS
    assert set(first.changes) == {"looks_from", "looks_until"}
    assert first.changes["looks_from"][1] >= f"{before:%Y-%m-%d %H:%M:%S}"
    assert set(last.changes) == {"looked_until"}


def test_the_button_ends_it_and_leads_back(bakery, sonia):
    client = entered(sonia)
    start(client, bakery)
    answer = client.post("/viewing/end")
    assert answer.url == reverse("admin:tenants_tenant_change", args=(bakery.pk,))
    assert client.get(PAGE).status_code == 302
    assert client.post("/viewing/end").url == "/"


def test_it_ends_by_itself_after_half_an_hour(bakery, sonia, time_machine):
    start_time = timezone.now()
    time_machine.move_to(start_time, tick=False)
    client = entered(sonia)
    start(client, bakery)
    time_machine.move_to(start_time + timedelta(minutes=29), tick=False)
    assert client.get(PAGE).status_code == 200
    time_machine.move_to(start_time + timedelta(minutes=30), tick=False)
    assert "ended after 30 minutes" in client.get(PAGE, follow=True).text
    assert client.get(PAGE).status_code == 302


def test_bakerys_people_cannot_start_a_look(bakery, ana, carla):
    for user in (ana, carla):
        assert start(entered(user), bakery).status_code == 302
    assert entered(carla).get(PAGE).status_code == 404
    assert entered(ana).post("/viewing/end").url == "/"


def test_somebody_of_the_platform_with_a_bakery_of_their_own_works_there_as_usual(bakery):
    user = StaffFactory.create()
    MembershipFactory.create(tenant=bakery, user=user)
    client = entered(user)
    assert "read-only" not in client.get(PAGE).text
    assert client.post(f"{PAGE}/switch", {"enabled": "off"}).status_code == 302


def test_bakerys_people_pay_no_query_for_it(bakery, ana, browse, django_assert_num_queries):
    from messaging.bakery.viewing import StaffOnlyLook

    client = browse(ana)
    client.get(PAGE)
    request = client.get(PAGE).wsgi_request
    request.user.is_staff  # noqa: B018 (loads the person)
    with django_assert_num_queries(0):
        StaffOnlyLook(lambda request: None).process_view(request, None, (), {"slug": "goiko"})  # type: ignore[arg-type,return-value]
