"""The report in a real browser: figures follow the filters as SQL says, no error, no request, fit for a phone.

Opt-in, since it needs a Chromium: SALES_FUNNEL_BROWSER=/usr/bin/chromium. Screenshots go to target/screenshots.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg2
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from conftest import ROOT, Databases
from report.write_report import write_report

BROWSER = os.environ.get("SALES_FUNNEL_BROWSER")
pytestmark = pytest.mark.skipif(
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
# (pipeline, owner, first month, last month): all four filters, alone and together.
VIEWS = [
    ("pipedrive:1", "", "2024-01", "2025-06"),
    ("pipedrive:1", "", "2025-06", "2025-06"),
    ("pipedrive:1", "27", "2024-01", "2025-06"),
    ("pipedrive:2", "", "2024-09", "2025-02"),
    ("pipedrive:1", "9", "2024-11", "2025-03"),
    ("salesforce:default", "", "2024-09", "2025-06"),
]
# The table of a card, by its first column, against the facts.
FIGURES = {
    "funnel": (
        2,
        """select funnel_step, count(*) from fct_funnel_events
           where is_first_entry and funnel_step not in ('Won', 'Lost')
               and crm_source = %(crm)s and pipeline_id = %(pipeline)s
               and occurred_month between %(first)s and %(last)s
               and (%(owner)s is null or owner_id = %(owner)s) group by 1""",
    ),
    "fate": (
        1,
        """select stages.stage_name, count(*) from fct_deal_stage_history as visits
           inner join dim_stages as stages using (crm_source, stage_id)
           where crm_source = %(crm)s and visits.pipeline_id = %(pipeline)s
               and entered_month between %(first)s and %(last)s
               and (%(owner)s is null or visits.owner_id = %(owner)s) group by 1""",
    ),
    "losses": (
        1,
        """select reasons.lost_reason, count(*) from fct_deal_outcomes as outcomes
           inner join dim_lost_reasons as reasons
               on outcomes.crm_source = reasons.crm_source
               and coalesce(outcomes.lost_reason_id, 'unknown') = reasons.lost_reason_id
           where outcome = 'lost' and outcomes.crm_source = %(crm)s and pipeline_id = %(pipeline)s
               and occurred_month between %(first)s and %(last)s
               and (%(owner)s is null or owner_id = %(owner)s) group by 1""",
    ),
    "cohorts": (
        1,
        """select trim(to_char(cohort_month, 'Mon')) || to_char(cohort_month, ' YYYY'), count(distinct deal_key)
           from fct_deal_steps
           where crm_source = %(crm)s and pipeline_id = %(pipeline)s and cohort_month between %(first)s and %(last)s
               and (%(owner)s is null or owner_id = %(owner)s) group by 1""",
    ),
}


@pytest.fixture(scope="module")
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
        for name in ("pipeline", "owner", "from", "to"):
            self.page.select_option(f"#{name}", choices[name])
        self.wait()

    def figures(self, card: str, column: int) -> dict[str, int]:
        """{first column: exact figure} of a card's table, zeros left out; {} where the card says that it is empty."""
        rows = self.page.eval_on_selector_all(
            f"#card-{card} details tbody tr",
            "(rows, column) => rows.map(row => [row.cells[0].textContent, row.cells[column].dataset.value])",
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


@pytest.fixture(scope="module")
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


def query(connection: psycopg2.extensions.connection, statement: str, view: tuple) -> dict[str, int]:
    pipeline, owner, first, last = view
    crm, _, pipeline_id = pipeline.partition(":")
    with connection, connection.cursor() as cursor:
        cursor.execute("set local search_path = dev_marts")
        cursor.execute(
            statement,
            {
                "crm": crm,
                "pipeline": pipeline_id,
                "owner": owner or None,
                "first": f"{first}-01",
                "last": f"{last}-01",
            },
        )
        return dict(cursor.fetchall())


def test_filters_change_the_figures_to_those_of_sql(
    sample_page: Path, sample_database: str, connect: Callable, open_tab: Callable
) -> None:
    tab = open_tab()
    tab.open(sample_page)
    seen = set()
    with contextlib.closing(connect(sample_database, "reporter")) as connection:
        for view in VIEWS:
            tab.filter(**dict(zip(("pipeline", "owner", "from", "to"), view, strict=True)))
            for card, (column, statement) in FIGURES.items():
                shown = tab.figures(card, column)
                assert shown == query(connection, statement, view), (view, card)
                seen.add((card, tuple(shown.items())))
    assert len(seen) == len(VIEWS) * len(FIGURES), "a filter changed nothing"


def test_first_screen_holds_this_months_conversion_and_where_deals_get_stuck(
    sample_page: Path, sample_database: str, connect: Callable, open_tab: Callable
) -> None:
    with (
        contextlib.closing(connect(sample_database, "reporter")) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(
            """select 100.0 * last.deals_count / first.deals_count
               from dev_marts.rep_sales_funnel_monthly as first
               inner join dev_marts.rep_sales_funnel_monthly as last using (month)
               where first.funnel_step = '1' and last.funnel_step = '9' order by month desc limit 1"""
        )
        conversion = f"{cursor.fetchone()[0]:.1f} %"
        cursor.execute(
            """select stage_name from dev_marts.rep_stage_survival
               where crm_source = 'pipedrive' and pipeline_id = '1' order by kaplan_meier_median_days desc limit 1"""
        )
        stage = cursor.fetchone()[0]
    for width, height in ((1280, 800), (390, 844)):
        tab = open_tab(width=width, height=height)
        page = tab.open(sample_page)
        for tile, value in (("conversion", conversion), ("stuck", stage)):
            shown = page.locator(f"#tile-{tile} .value")
            assert shown.text_content() == value
            box = shown.bounding_box()
            assert box["y"] + box["height"] < height, f"{tile} lies below the first screen of {width} px"


@pytest.mark.parametrize(
    ("name", "scheme", "width", "fragment"),
    [
        ("light", "light", 1280, ""),
        ("dark", "dark", 1280, ""),
        ("phone-light", "light", 390, ""),
        ("phone-dark", "dark", 360, ""),
        ("salesforce", "light", 1280, "#pipeline=salesforce:default"),
        ("one-owner", "dark", 1280, "#pipeline=pipedrive:2&owner=27&from=2025-05&to=2025-06"),
    ],
)
def test_every_card_is_drawn_and_none_is_wider_than_the_screen(
    name: str, scheme: str, width: int, fragment: str, sample_page: Path, open_tab: Callable
) -> None:
    tab = open_tab(scheme=scheme, width=width)
    page = tab.open(sample_page, fragment)
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.evaluate("document.documentElement.dataset.theme") == scheme
    bare = page.eval_on_selector_all(
        ".card:not([hidden])",
        """cards => cards.filter(card => !card.querySelector(".chart svg.main-svg, table, .empty"))
            .map(card => card.id)""",
    )
    assert bare == []
    unnamed = page.eval_on_selector_all(
        ".chart, .scroll, select, button",
        """all => all.filter(one => !(one.getAttribute("aria-label") || one.labels?.length
            || one.textContent.trim() && one.tagName === "BUTTON")).map(one => one.outerHTML.slice(0, 80))""",
    )
    assert unnamed == []
    if width == 1280 and not fragment:
        assert page.locator(".card .empty").count() <= 1  # marketing may be absent


def test_page_works_from_the_keyboard(sample_page: Path, open_tab: Callable) -> None:
    page = open_tab().open(sample_page)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.focus("#theme")
    page.keyboard.press("Enter")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.focus("[data-months='1']")
    page.keyboard.press("Space")
    assert page.input_value("#from") == page.input_value("#to")
    assert page.locator("#said").text_content().startswith("Showing Jun 2025")
    page.wait_for_selector("#cards[aria-busy=false]", state="attached")
    page.focus("#card-funnel summary")
    page.keyboard.press("Enter")
    assert page.locator("#card-funnel table").is_visible()
    page.focus("#card-reps th button")
    page.keyboard.press("Enter")
    assert page.locator("#card-reps th").first.get_attribute("aria-sort") == "ascending"


def test_a_view_can_be_linked_and_a_senseless_link_still_opens(sample_page: Path, open_tab: Callable) -> None:
    tab = open_tab()
    page = tab.open(sample_page)
    tab.filter(pipeline="pipedrive:1", owner="9", **{"from": "2024-11", "to": "2025-03"})
    linked = page.evaluate("location.hash")
    page = open_tab().open(sample_page, linked)
    assert [page.input_value(f"#{name}") for name in ("owner", "from", "to")] == ["9", "2024-11", "2025-03"]
    page = open_tab().open(sample_page, "#pipeline=x&owner=%3Cb%3E&from=2030-01&to=1999-13")
    assert page.input_value("#pipeline") == "pipedrive:1"
    assert page.input_value("#owner") == ""


def test_nothing_loaded_is_said_and_not_drawn(write_damaged: Callable, open_tab: Callable) -> None:
    path = write_damaged(
        """do $$ declare mart record; begin
             for mart in select relname from pg_class
                 where relnamespace = 'dev_marts'::regnamespace and relkind = 'r'
             loop execute format('truncate dev_marts.%I', mart.relname); end loop;
           end $$"""
    )
    page = open_tab().open(path)
    assert page.locator("#freshness").text_content() == "No data is loaded."
    assert "Pipedrive, Salesforce" in page.locator("#footer").text_content()
    assert page.locator(".card:visible .empty").count() == page.locator(".card:visible").count() > 5
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / "nothing-loaded.png", full_page=True)


def test_what_is_switched_off_is_left_out_and_said(write_damaged: Callable, open_tab: Callable) -> None:
    for off, gone, left in (
        ("funnel", ["funnel", "reps"], ["open", "channels"]),
        ("pipeline, marketing", ["open", "channels"], ["funnel"]),
    ):
        page = open_tab().open(write_damaged(f"update dim_as_of set switched_off = '{off}'"))
        assert f"Switched off: {off}." in page.locator("#footer").text_content()
        assert [page.locator(f"#card-{card}").count() for card in gone + left] == [0] * len(gone) + [1] * len(
            left
        )
        assert page.locator("h2 + .grid:empty").count() == 0


def test_names_from_the_crm_stay_text(write_damaged: Callable, open_tab: Callable) -> None:
    name = "</script><img src=x onerror=alert(1)><b>=1+1</b> %{x} $x^2$"
    path = write_damaged(
        f"""update rep_lost_deals_monthly set lost_reason = '{name}';
            update dim_stages set stage_name = '{name}';
            update dim_funnel_steps set kpi_name = '{name}';
            update dim_owners set owner_name_masked = '{name}';
            update dim_pipelines set pipeline_name = '{name}'"""
    )
    page = open_tab().open(path)
    assert page.locator("img").count() == 0
    assert page.locator("#card-losses tbody th").text_content() == name
    assert name in page.locator("#owner").text_content()
    drawn = "".join(page.locator("#card-losses .ytick text").all_text_contents())
    assert drawn.replace("\u200b", "").replace(" ", "") == name.replace(" ", "")
