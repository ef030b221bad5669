"""The whole loop with real processes: BAJA on the phone screen, the answer in the chat, ALTA, and the answer again."""

from __future__ import annotations

import http.cookiejar
import re
import urllib.parse
import urllib.request

import pytest

from messaging import demo
from messaging.models import Message, Suppression
from messaging.simulator import chats
from messaging.statuses import MessageStatus
from tests.conftest import wait_until
from tests.factories import AssignmentFactory, MessageFactory, PhoneNumberFactory

pytestmark = pytest.mark.django_db(transaction=True)
GOIKO = demo.NUMBERS[1]


class Phone:
    """A browser without scripts on the simulator's phone screen."""

    def __init__(self, url: str) -> None:
        self.url = f"{url}/simulator"
        cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self.opener = urllib.request.build_opener(cookies)

    def chat(self, chat_id: str) -> str:
        with self.opener.open(f"{self.url}/chats/{chat_id}", timeout=10) as answer:
            return str(answer.read().decode())

    def write(self, chat_id: str, text: str) -> None:
        token = re.search(r'csrfmiddlewaretoken" value="(\w+)"', self.chat(chat_id))
        assert token is not None
        form = urllib.parse.urlencode({"text": text, "csrfmiddlewaretoken": token[1]}).encode()
        self.opener.open(f"{self.url}/chats/{chat_id}/reply", form, timeout=10).close()


def queued(number) -> Message:
    """A message as the API stores it; the sweep finds it."""
    message: Message = MessageFactory(phone_number=number, tenant=number.assignments.get().tenant)
    return message


def status_of(message: Message) -> str:
    return str(Message.objects.values_list("status", flat=True).get(pk=message.pk))


def test_baja_and_alta_on_the_phone_are_honoured_and_answered_in_the_chat(
    web_process, start_worker, start_process, tmp_path
):
    number = PhoneNumberFactory(
        phone_number_id=GOIKO.phone_number_id, display_phone_number=GOIKO.display_phone_number
    )
    AssignmentFactory(phone_number=number, tenant__name="Panadería Goiko")
    start_worker(WHATSAPP_GRAPH_URL=f"{web_process.url}/simulator/graph")
    schedule = str(tmp_path / "schedule")
    start_process("celery", "-A", "bakery_whatsapp", "beat", "--schedule", schedule, "--pidfile=")
    phone = Phone(web_process.url)
    first = queued(number)
    wait_until(lambda: status_of(first) == MessageStatus.DELIVERED)
    (chat,) = chats.listed()

    phone.write(chat.chat_id, "¡Baja!")
    wait_until(lambda: "Has dado de baja los avisos de Panadería Goiko" in phone.chat(chat.chat_id))
    assert Suppression.objects.open().count() == 1
    second = queued(number)
    wait_until(lambda: status_of(second) == MessageStatus.CANCELLED)

    phone.write(chat.chat_id, "alta")
    wait_until(
        lambda: "Volverás a recibir los avisos de Panadería Goiko" in phone.chat(chat.chat_id)
    )
    assert not Suppression.objects.open().exists()
