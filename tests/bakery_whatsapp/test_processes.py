"""The product's processes as tests start them: real ones, on the test's own database and broker."""

from __future__ import annotations

import urllib.request

from tests.conftest import answers, wait_until


def test_web_is_ready_once_a_worker_is(web_process, start_worker):
    assert answers(f"{web_process.url}/health/live")
    assert not answers(f"{web_process.url}/health/ready")
    worker = start_worker()
    wait_until(lambda: answers(f"{web_process.url}/health/ready"))
    assert worker.terminate() == 0


def test_processes_see_what_the_test_committed(web_process, django_user_model):
    django_user_model.objects.create_user("paula", password="a long one", is_staff=True)
    with urllib.request.urlopen(f"{web_process.url}/admin/login/") as response:  # noqa: S310
        assert response.status == 200
