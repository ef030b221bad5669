"""The first page everyone meets, in a real browser."""

from __future__ import annotations


def test_a_wrong_password_is_refused_and_the_right_one_lets_in(
    page, web_process, django_user_model
):
    django_user_model.objects.create_user("ana", password="a long password")
    page.goto(f"{web_process.url}/login")
    for password in ("wrong", "a long password"):
        page.fill("input[name=username]", "ana")
        page.fill("input[name=password]", password)
        with page.expect_navigation():
            page.press("input[name=password]", "Enter")
        assert ("/login" in page.url) == (password == "wrong")
