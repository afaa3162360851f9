"""From a figure to its deals, to a file and to paper, in a real browser."""

from __future__ import annotations

import contextlib
import csv
import io
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


WON_THIS_QUARTER = """select count(*) from fct_deals where crm_source = 'pipedrive' and status = 'won'
    and closed_date between '2025-04-01' and '2025-06-30'"""
LOST_IN_A_STAGE = """select count(*) from fct_deals where crm_source = 'pipedrive' and status = 'lost'
    and closed_date between '2024-07-01' and '2025-06-30' and stage_id = '1'"""
OPEN_NOW = "select count(*) from fct_deals where crm_source = 'pipedrive' and status = 'open'"
OF_A_MONTH = """select count(*) from fct_deal_steps where crm_source = 'pipedrive' and pipeline_id = '1'
    and cohort_month = '2025-03-01' and funnel_step = '2'"""


@pytest.mark.parametrize(
    ("figure", "query"),
    [
        ("#tile-revenue .figure", WON_THIS_QUARTER),
        ("#tile-open .figure", OPEN_NOW),
        ("#card-loss-stages rect.picks", LOST_IN_A_STAGE),
        ("#card-cohorts tr:has(th:text-is('Mar 2025')) td:nth-child(3) button", OF_A_MONTH),
    ],
)
def test_a_figure_lists_its_deals(
    figure: str, query: str, sample_page: Path, open_tab: Callable, count: Callable[[str], int]
) -> None:
    page = open_tab().open(sample_page)
    page.locator(figure).first.click()
    expected = count(query)
    assert expected > 0
    assert page.locator("#deals-title").text_content().endswith(f": {expected} deals")
    assert page.locator("#deals tbody tr").count() == min(expected, 200)
    page.get_by_role("button", name="Close").click()
    assert not page.locator("#deals").is_visible()


def test_the_deals_of_the_funnel_are_as_many_as_it_counts(sample_page: Path, open_tab: Callable) -> None:
    page = open_tab().open(sample_page)
    page.locator("#card-funnel summary").click()
    figures = page.locator("#card-funnel tbody button")
    assert figures.count() == 9
    for number in range(9):
        shown = figures.nth(number).text_content()
        figures.nth(number).click()
        assert page.locator("#deals-title").text_content().endswith(f": {shown} deals")
        page.keyboard.press("Escape")


def test_figures_are_saved_as_csv_and_as_a_picture(sample_page: Path, open_tab: Callable) -> None:
    page = open_tab().open(sample_page)
    for card in page.locator(".card:has(.files button)").all():
        with page.expect_download() as download:
            card.get_by_text("CSV", exact=True).click()
        rows = list(csv.reader(io.StringIO(Path(download.value.path()).read_text("utf-8-sig"))))
        assert len({len(row) for row in rows}) == 1
        assert len(rows) > 1
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
