"""A refused token, seen from outside: a real worker, the simulator as Meta, and the command that changes the token."""

from __future__ import annotations

import subprocess
import sys

from django.utils import timezone

from bakery_whatsapp.celery import app
from messaging import demo, queues
from messaging.models import Alert, AlertKind, Message
from messaging.simulator import account, switches
from messaging.statuses import MessageStatus
from tenants.models import WhatsAppBusinessAccount
from tests.conftest import ROOT, wait_until
from tests.messaging.test_queues import a_request, queue

ON_THE_PHONE = {MessageStatus.DELIVERED, MessageStatus.READ}


def stored():
    return WhatsAppBusinessAccount.objects.get()


def rotate(environment, token):
    return subprocess.run(
        [sys.executable, "-W", "ignore", "manage.py", "rotate_token"],
        cwd=ROOT,
        env=environment,
        input=f"{token}\n",
        capture_output=True,
        text=True,
        check=False,
    )


def test_what_waited_for_a_new_token_all_goes_out_once_and_the_old_one_dies(
    product_environment, start_web, start_worker
):
    start_web()
    worker = start_worker()
    switches.save(switches.Switches(scenario="token_expired", latency_ms=0))
    for place in range(8):
        queue(a_request(recipient_phone=f"+3460000011{place}"))
    wait_until(lambda: stored().sending_stopped_code == 190)
    wait_until(lambda: set(Message.objects.values_list("status", flat=True)) == {"queued"})

    # The day it ended at Meta; there somebody generates another.
    switches.save(switches.Switches(latency_ms=0))
    account.end_tokens()
    refused = rotate(product_environment, demo.ACCESS_TOKEN)
    assert refused.returncode == 1
    assert "It has expired." in refused.stderr
    assert not stored().is_sending
    token = account.mint_token(expires_in_s=account.DAYS_60_S)
    done = rotate(product_environment, token)
    assert done.returncode == 0, done.stderr

    wait_until(lambda: set(Message.objects.values_list("status", flat=True)) <= ON_THE_PHONE)
    assert Message.objects.count() == 8
    assert worker.output.count("WhatsApp sending stopped") == 1
    assert not Alert.objects.open().filter(kind=AlertKind.ACCOUNT_STOPPED).exists()

    WhatsAppBusinessAccount.objects.update(previous_token_until=timezone.now())
    app.send_task(queues.SWEEP)
    wait_until(lambda: stored().previous_access_token == "")
    told = worker.output + refused.stdout + refused.stderr + done.stdout + done.stderr
    for secret in (demo.ACCESS_TOKEN, token, demo.APP_SECRET):
        assert secret not in told


def test_a_second_token_leaves_the_first_alive_until_its_grace_is_over(
    product_environment, start_web, start_worker
):
    start_web()
    start_worker()
    switches.save(switches.Switches(latency_ms=0))
    message = queue(a_request())
    token = account.mint_token(expires_in_s=account.DAYS_60_S)
    assert rotate(product_environment, token).returncode == 0
    assert "revoked" not in (account.token_facts(demo.ACCESS_TOKEN) or {})
    WhatsAppBusinessAccount.objects.update(previous_token_until=timezone.now())
    app.send_task(queues.SWEEP)
    wait_until(lambda: (account.token_facts(demo.ACCESS_TOKEN) or {}).get("revoked"))
    wait_until(lambda: stored().previous_access_token == "")
    wait_until(lambda: Message.objects.get(pk=message.pk).status in ON_THE_PHONE)
