"""From a figure to its deals, to a file and to paper, in a real browser."""

from __future__ import annotations

import contextlib
import csv
import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from support.browser import needs_browser

pytest_plugins = ("support.browser",)
pytestmark = needs_browser


@pytest.fixture
def count(sample_database: str, connect: Callable) -> Callable[[str], int]:
    """count(query) -> the one number that it returns from the sample's marts."""

    def run(query: str) -> int:
        with (
            contextlib.closing(connect(sample_database, "reporter")) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute("set search_path = dev_marts")
            cursor.execute(query)
            return cursor.fetchone()[0]

    return run


# A figure of each card, and what SQL counts in its place: owner 9 of Pipedrive, July 2024 to June 2025.
CHOSEN = "crm_source = 'pipedrive' and owner_id = '9'"
SALES = f"{CHOSEN} and pipeline_id = '1'"
YEAR = "between '2024-07-01' and '2025-06-30'"
FIGURES = {
    "#tile-revenue .figure": f"""select count(*) from fct_deals
        where {CHOSEN} and status = 'won' and closed_date between '2025-04-01' and '2025-06-30'""",
    "#tile-open .figure": f"select count(*) from fct_deals where {CHOSEN} and status = 'open'",
    "#tile-win-rate .figure": f"""select count(*) from fct_deals
        where {CHOSEN} and status <> 'open' and closed_date between '2025-04-01' and '2025-06-30'""",
    "#card-funnel tr:nth-child(2) .figure": f"""select count(*) from fct_deal_steps
        where {SALES} and cohort_month between '2024-07-01' and '2025-03-01' and funnel_step = '2'""",
    "#card-fate tr:nth-child(1) td:nth-child(2) .figure": f"""select count(*) from fct_deal_stage_history
        where {SALES} and stage_id = '1' and entered_month {YEAR}""",
    "#card-trend tr:nth-child(1) td:last-child .figure": f"""select count(*) from fct_funnel_events
        where {SALES} and is_first_entry and funnel_step = '1' and occurred_month {YEAR}""",
    "#card-cohorts tr:has(th:text-is('May 2025')) td:nth-child(3) .figure": f"""select count(*)
        from fct_deal_steps where {SALES} and cohort_month = '2025-05-01' and funnel_step = '2'""",
    "#card-won tr:has(th:text-is('Jun 2025')) .figure": f"""select count(*) from fct_deals
        where {CHOSEN} and status = 'won' and closed_date between '2025-06-01' and '2025-06-30'""",
    "#card-forecast tr:has(th:text-is('Jun 2025')) .figure": """select count(*) from fct_deals
        where crm_source = 'pipedrive' and status = 'won' and closed_date between '2025-06-01' and '2025-06-30'""",
    "#card-open tr:has(th:text-is('Dec 2024')) td:nth-child(2) .figure": f"""select count(*)
        from fct_pipeline_snapshots where {CHOSEN} and snapshot_date = '2024-12-31'""",
    "#card-open tr:has(th:text-is('Dec 2024')) td:last-child .figure": f"""select count(*)
        from fct_pipeline_snapshots where {CHOSEN} and snapshot_date = '2024-12-31' and is_overdue""",
    "#card-waterfall tr:has(th:text-is('Won')) .figure": f"""select sum(won_count) from rep_pipeline_waterfall
        where crm_source = 'pipedrive' and scope = 'all' and period_type = 'month' and period {YEAR}""",
    "#card-waterfall tr:has(th:text-is('End')) .figure": """select count(*) from fct_pipeline_snapshots
        where crm_source = 'pipedrive' and snapshot_date = '2025-06-30'""",
    "#card-slippage tr:nth-last-child(2) td:nth-child(2) .figure": f"""select count(*)
        from fct_pipeline_snapshots where {CHOSEN} and snapshot_date = '2024-12-31' and close_quarter = '2025-01-01'""",
    "#card-created tr:has(th:text-is('Jan 2025')) td:nth-child(2) .figure": """select count(*) from fct_deals
        where crm_source = 'pipedrive' and created_date between '2025-01-01' and '2025-01-31'""",
    "#card-time tr:nth-child(1) td:nth-child(2) .figure": f"""select count(*) from fct_deal_stage_history
        where {SALES} and stage_id = '1' and entered_month {YEAR} and moved <> 'open'""",
    "#card-losses tr:has(th:text-is('No Response')) .figure": f"""select count(*) from fct_deal_outcomes
        inner join dim_lost_reasons using (crm_source, lost_reason_id)
        where {SALES} and outcome = 'lost' and lost_reason = 'No Response' and occurred_month {YEAR}""",
    "#card-loss-stages tr:nth-child(1) .figure": f"""select count(*) from fct_deal_outcomes
        where {SALES} and outcome = 'lost' and stage_id = '1' and occurred_month {YEAR}""",
    "#card-reps tr:nth-child(1) td:nth-child(2) .figure": f"""select count(*) from fct_deal_stage_history
        where {CHOSEN} and visit_number = 1 and entered_by = 'stage_change' and entered_month {YEAR}""",
    "#card-reps tr:nth-child(1) td:nth-child(8) .figure": f"""select count(*) from fct_deal_outcomes
        where {CHOSEN} and outcome = 'lost' and occurred_month {YEAR}""",
    "#card-channels tr:has(th:text-is('Google Ads')) .figure": f"""select count(*) from fct_deal_channels
        where channel = 'Google Ads' and created_date {YEAR}""",
}
HEADING = re.compile(r"^(.+): ([\d,]+) \w+(?: of [\d,]+ deals?)?$")


def test_a_figure_of_each_card_lists_as_many_deals_as_sql_counts(
    sample_page: Path, open_tab: Callable, count: Callable
) -> None:
    page = open_tab().open(sample_page, "#owner=9")
    page.eval_on_selector_all("details", "all => all.forEach(one => { one.open = true; })")
    wrong = {}
    for figure, query in FIGURES.items():
        button = page.locator(figure).first
        button.focus()
        page.keyboard.press("Enter")
        listed = int(HEADING.match(page.inner_text("#deals-title"))[2].replace(",", ""))
        expected = count(query)
        if not listed == expected > 0 or page.locator("#deals tbody tr").count() != min(expected, 200):
            wrong[figure] = listed, expected
        page.keyboard.press("Escape")
    assert wrong == {}


# Clicks on every figure in a card's tables, then on every shape of its chart, and notes what the list is called instead
# of drawing it, which takes long: {card: [[heading, figure] of each, headings of shapes]}.
CLICK_ALL = """() => {
    const opened = {};
    let heading;
    showDeals = (...asked) => { heading = dealsHeading(...asked); };
    const click = one => {
        heading = "nothing";
        one.dispatchEvent(new MouseEvent("click", { bubbles: true }));
        return heading;
    };
    for (const card of document.querySelectorAll(".card")) {
        const figures = [...card.querySelectorAll("tbody button.figure")];
        opened[card.id.slice(5)] = [
            figures.map(one => [click(one), one.parentElement.dataset.value]),
            [...card.querySelectorAll(".picks")].map(click),
        ];
    }
    return opened;
}"""
# Their figures are amounts, and the deals that make them up are counted above.
AMOUNTS = {"waterfall", "forecast"}
# What counts no deals.
WITHOUT_LISTS = {"health", "accuracy"}
VIEWS = (
    "",
    "#pipeline=salesforce:default&owner=&from=2024-02&to=2025-05&compare=before",
    "#pipeline=pipedrive:2&owner=27&from=2023-01&to=2025-06&cohorts=horizon_2",
)


@pytest.mark.parametrize("view", VIEWS)
def test_every_figure_lists_as_many_deals_as_it_says(
    view: str, sample_page: Path, open_tab: Callable
) -> None:
    page = open_tab().open(sample_page, view)
    opened = page.evaluate(CLICK_ALL)
    wrong = []
    for card, (figures, shapes) in opened.items():
        for heading, figure in figures:
            listed = HEADING.match(heading)[2].replace(",", "")
            if card not in AMOUNTS and listed != figure:
                wrong.append((card, heading, figure))
        # What a bar lists, a figure of its table lists too: the keyboard reaches all.
        wrong += [(card, heading) for heading in set(shapes) - {heading for heading, _ in figures}]
    assert wrong == []
    if not view:
        assert {card for card, (figures, _) in opened.items() if not figures} == WITHOUT_LISTS
        bars = {card for card, (_, shapes) in opened.items() if not shapes}
        assert bars == WITHOUT_LISTS | {"cohorts", "reps", "channels"}
        assert sum(len(figures) for figures, _ in opened.values()) > 500


def test_figures_are_saved_as_csv_and_as_a_picture(sample_page: Path, open_tab: Callable) -> None:
    page = open_tab().open(sample_page)
    for card in page.locator(".card:has(.files button)").all():
        with page.expect_download() as download:
            card.get_by_text("CSV", exact=True).click()
        rows = list(csv.reader(io.StringIO(Path(download.value.path()).read_text("utf-8-sig"))))
        assert len({len(row) for row in rows}) == 1
        assert len(rows) > 1
        page.wait_for_timeout(120)  # Chromium drops what a page saves beyond ten files a second
    with page.expect_download() as download:
        page.locator("#card-funnel").get_by_text("PNG", exact=True).click()
    assert download.value.suggested_filename == "funnel.png"
    assert Path(download.value.path()).read_bytes().startswith(b"\x89PNG")


def test_a_text_that_looks_like_a_formula_is_saved_as_text(sample_page: Path, open_tab: Callable) -> None:
    page = open_tab().open(sample_page)
    text = page.evaluate(
        "csvText({head: ['a', 'b'], rows: [['=1+1', cell(-2.5, 'minus 2.5')], ['x, \"y\"', '@z']]})"
    )
    assert text == 'a,b\r\n\'=1+1,-2.5\r\n"x, ""y""",\'@z\r\n'


def test_a_printed_page_is_light_and_cuts_no_card(sample_page: Path, open_tab: Callable) -> None:
    """A4 less 12 mm on every side is 703 by 1032 pixels of 96 to the inch."""
    page = open_tab(scheme="dark", width=703, height=1032).open(sample_page)
    page.emulate_media(media="print")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate("document.documentElement.dataset.theme") == "light"
    heights = page.eval_on_selector_all(
        ".card, .tile", "all => all.map(one => [one.id, one.getBoundingClientRect().height])"
    )
    assert [(name, height) for name, height in heights if height > 1032] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 703
    inside = page.eval_on_selector_all(".card", "all => all.map(one => getComputedStyle(one).breakInside)")
    assert set(inside) == {"avoid"}
    assert not page.locator("#filters").is_visible()
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


@pytest.mark.parametrize(
    ("url", "links"),
    [("https://crm.example/deal/{id}?from=report", 1), ("javascript:alert('{id}')", 0), (None, 0)],
)
def test_a_deal_is_linked_where_the_setting_says_so(
    url: str | None, links: int, write_damaged: Callable, open_tab: Callable
) -> None:
    value = "null" if url is None else "'" + url.replace("'", "''") + "'"
    page = open_tab().open(write_damaged(f"update dim_export_coverage set deal_url = {value}"))
    page.locator("#tile-open .figure").click()
    assert page.locator("#deals tbody a").count() == links * page.locator("#deals tbody tr").count()
    if url and links:
        link = page.locator("#deals tbody a").first
        assert link.get_attribute("href") == url.replace("{id}", link.text_content())
