"""A headless Chromium for tests in this folder: `page` is a fresh, signed-out browser at the width of a desk."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.db import connections
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tenants.models import User

# A busy machine may take longer than Playwright's 5 s to show a page.
expect.set_options(timeout=15_000)

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
MISSING = "No Chromium found. Get one with `apt-get install chromium` (or your system's package)."


@pytest.fixture(scope="session")
def chromium(django_db_setup: None) -> Iterator[Browser]:
    """The browser of this run; each test takes a `page`. It closes before the databases are dropped."""
    if CHROMIUM is None:
        pytest.skip(MISSING)
    with sync_playwright() as playwright:
        # Playwright's synchronous API runs an event loop in this thread, where Django would then refuse every query. A
        # thread for the browser would make every test awkward; no test here has coroutines of its own.
        before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=[
                *(["--no-sandbox"] if os.geteuid() == 0 else []),
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-dev-shm-usage",
                "--disable-gpu",
                "--no-first-run",
            ],
        )
        yield browser
        # With a loop running, Django keeps connections apart from those of other times: nobody else would close them.
        connections.close_all()
        browser.close()
        if before is None:
            del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A page of its own context. Errors of its scripts fail the test."""
    with chromium.new_context(locale="es-ES", viewport={"width": 1280, "height": 900}) as context:
        page = context.new_page()
        page.set_default_timeout(15_000)
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        yield page
        assert not errors, errors


@pytest.fixture
def desk(chromium: Browser, live_server: Any) -> Iterator[Callable[..., Page]]:
    """Paula's browser, logged in and on the board.

    Errors of scripts and breaches of the content security policy fail the test.
    """
    contexts, errors = [], []

    def open_desk(*, language: str = "en", script: bool = True, width: int = 1280) -> Page:
        context = chromium.new_context(
            base_url=live_server.url,
            java_script_enabled=script,
            locale=language,
            viewport={"width": width, "height": 900},
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on(
            "console",
            lambda line: (
                errors.append(line.text) if "Content Security Policy" in line.text else None
            ),
        )
        remember(context, "paula")
        page.goto("/app/admin/whatsapp")
        expect(page.locator("[data-board]")).to_be_visible()
        return page

    yield open_desk
    for context in contexts:
        context.close()
    assert not errors, errors


Scheme = Literal["light", "dark"]
# WCAG 2.2 AA and all it builds on.
_WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"]


@pytest.fixture
def phone(chromium: Browser, live_server: Any) -> Iterator[Callable[..., Page]]:
    """Somebody's phone, logged in (Ana's where no other is named) and on the first page.

    Errors of scripts and breaches of the content security policy fail the test.
    """
    contexts, errors = [], []

    def open_phone(
        person: str = "ana", *, language: str = "es", script: bool = True, scheme: Scheme = "light"
    ) -> Page:
        context = chromium.new_context(
            base_url=live_server.url,
            color_scheme=scheme,
            has_touch=True,
            java_script_enabled=script,
            locale=language,
            viewport={"width": 390, "height": 844},
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
        remember(context, person)
        page.goto("/")
        page.wait_for_url("**/bakery/*")
        return page

    yield open_phone
    for context in contexts:
        context.close()
    assert not errors, errors


@pytest.fixture
def accessible() -> Callable[[Page], bool]:
    """Whether axe-core finds nothing against WCAG 2.2 AA on the page; what it finds fails the test.

    Its script is run through the browser's debugger, so the page's content security policy stays as it is. Where
    scripts are off axe could not run: it reads what stands on the page there in a window of its own.
    """

    def check(page: Page) -> bool:
        options = {"runOnly": _WCAG, "resultTypes": ["violations"]}
        with _readable(page) as read, _uncovered(read):
            found = Axe().run(read, options=options).response["violations"]
        assert not [
            f"{page.url} {rule['id']}: {rule['help']} {[node['target'] for node in rule['nodes']]}"
            for rule in found
        ]
        return True

    return check


@contextmanager
def _uncovered(page: Page) -> Iterator[None]:
    """Make the window as tall as a page whose bar stays at the bottom: axe would take what it covers at the moment for small."""
    before = page.viewport_size
    if before is None or not page.locator(".menu").count():
        yield
        return
    height = page.evaluate("document.documentElement.scrollHeight")
    page.set_viewport_size({"width": before["width"], "height": max(height, before["height"])})
    yield
    page.set_viewport_size(before)


@contextmanager
def _readable(page: Page) -> Iterator[Page]:
    """Return the page, or where scripts are off its likeness in a browser that runs axe and no script of ours."""
    if page.evaluate(_RUNS_SCRIPTS) or page.context.browser is None:
        yield page
        return
    is_dark = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    with page.context.browser.new_context(
        color_scheme="dark" if is_dark else "light", viewport=page.viewport_size
    ) as context:
        likeness, content = context.new_page(), page.content()
        likeness.route("**/*.js", lambda route: route.abort())
        likeness.route(
            page.url, lambda route: route.fulfill(body=content, content_type="text/html")
        )
        likeness.goto(page.url)
        yield likeness


# A browser that runs scripts reads what stands in a noscript as text.
_RUNS_SCRIPTS = """() => {
  const box = document.createElement("div");
  box.innerHTML = "<noscript><i></i></noscript>";
  return box.querySelector("i") === null;
}"""


def fits_the_screen(page: Page) -> bool:
    """Whether nothing has to be scrolled to the side."""
    scrolls: int = page.locator("html").evaluate("page => page.scrollWidth - page.clientWidth")
    return scrolls <= 0


def remember(context: BrowserContext, username: str) -> None:
    """Log somebody in without the form, which has tests of its own (test_login.py)."""
    client = Client()
    client.force_login(User.objects.get(username=username))
    session = client.cookies[settings.SESSION_COOKIE_NAME]
    context.add_cookies(
        [{"name": session.key, "value": session.value, "domain": "localhost", "path": "/"}]
    )
