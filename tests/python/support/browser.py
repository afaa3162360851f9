"""A real browser for the tests of the page: SALES_FUNNEL_BROWSER names a Chromium, and without it they are skipped."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from conftest import ROOT, Databases
from report.write_report import write_report

BROWSER = os.environ.get("SALES_FUNNEL_BROWSER")
needs_browser = pytest.mark.skipif(
    not BROWSER, reason="opt-in: SALES_FUNNEL_BROWSER names a Chromium, as /usr/bin/chromium"
)
SCREENSHOTS = ROOT / "target" / "screenshots"
# Without these, Chromium itself asks for updates and the like; as root it refuses to start in a sandbox.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=ARGUMENTS)
        yield browser
        browser.close()


class Tab:
    """A page that keeps what must not happen: `wrong` lists console errors, exceptions, requests and dialogs."""

    def __init__(self, browser: Browser, scheme: str = "light", width: int = 1280, height: int = 900) -> None:
        self.context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": height})
        self.page: Page = self.context.new_page()
        self.wrong: list[str] = []
        self.page.on("console", lambda message: self.wrong.append(f"console: {message.text}"))
        self.page.on("pageerror", lambda error: self.wrong.append(f"exception: {error}"))
        self.page.on("dialog", lambda dialog: (self.wrong.append("dialog"), dialog.dismiss()))
        self.page.on("request", self.note_request)
        self.page.on("websocket", lambda socket: self.wrong.append(f"websocket: {socket.url}"))

    def note_request(self, request) -> None:
        if not request.url.startswith(("file:", "data:", "blob:")):
            self.wrong.append(f"request: {request.url}")

    def open(self, path: Path, fragment: str = "") -> Page:
        self.page.goto(path.as_uri() + fragment)
        self.wait()
        return self.page

    def wait(self) -> None:
        self.page.wait_for_selector("#cards[aria-busy=false]", state="attached")

    def filter(self, **choices: str) -> None:
        """Use the filters as a reader does; `to` before `from`, so that neither passes the other on the way."""
        self.page.select_option("#pipeline", choices["pipeline"])
        if self.page.locator("#owner").is_visible():
            self.page.select_option("#owner", choices["owner"])
        else:
            self.page.fill("#owner-search", choices["owner"])
            self.page.press("#owner-search", "Enter")
        for name in ("from", "to"):
            self.page.select_option(f"#{name}", choices[name])
        self.wait()

    def figures(self, card: str, column: int) -> dict[str, int]:
        """{first column: exact figure} of a card's table, zeros left out; {} where the card says that it is empty."""
        rows = self.page.eval_on_selector_all(
            f"#card-{card} tbody tr",
            "(rows, column) => rows.map(row => [row.cells[0].textContent, [...row.cells].at(column).dataset.value])",
            column,
        )
        return {name: int(value) for name, value in rows if value != "0"}


@pytest.fixture
def open_tab(browser: Browser) -> Iterator[Callable[..., Tab]]:
    """open_tab(scheme=, width=, height=) -> Tab; every tab is checked for what must not happen when the test ends."""
    tabs: list[Tab] = []

    def make(**settings) -> Tab:
        tabs.append(Tab(browser, **settings))
        return tabs[-1]

    yield make
    for tab in tabs:
        tab.context.close()
    assert [wrong for tab in tabs for wrong in tab.wrong] == []


@pytest.fixture(scope="session")
def sample_page(sample_database: str, connect: Callable, tmp_path_factory: pytest.TempPathFactory) -> Path:
    with contextlib.closing(connect(sample_database, "reporter")) as connection:
        return write_report(connection, tmp_path_factory.mktemp("report") / "index.html")


@pytest.fixture
def write_damaged(
    databases: Databases, sample_database: str, connect: Callable, tmp_path: Path
) -> Iterator[Callable]:
    """write_damaged(statement) -> page of a copy of the sample in which the statement was run."""
    name = databases.create(sample_database)

    def run(statement: str) -> Path:
        with contextlib.closing(connect(name)) as connection, connection, connection.cursor() as cursor:
            cursor.execute("set search_path = dev_marts")
            cursor.execute(statement)
        with contextlib.closing(connect(name, "reporter")) as connection:
            return write_report(connection, tmp_path / "index.html")

    yield run
    databases.drop(name)
