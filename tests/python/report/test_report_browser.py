"""The report in a real browser: filters against SQL, no request and no error, nothing loaded, names, keyboard."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

import psycopg2
import pytest

from support.browser import SCREENSHOTS, needs_browser

pytest_plugins = ("support.browser",)
pytestmark = needs_browser

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
    # Of months that are younger than the longest horizon only where there are no others.
    "funnel": (
        2,
        """with chosen as (
             select steps.*, exists (
                 select from rep_funnel_conversion_cohort as cohorts
                 where cohorts.crm_source = steps.crm_source and cohorts.pipeline_id = steps.pipeline_id
                     and cohorts.cohort_month = steps.cohort_month and horizon_days = 90 and reached_count is not null
             ) as is_ripe
             from fct_deal_steps as steps
             where crm_source = %(crm)s and pipeline_id = %(pipeline)s and cohort_month between %(first)s and %(last)s
                 and (%(owner)s is null or owner_id = %(owner)s))
           select funnel_step, count(*) from chosen
           where is_ripe or not exists (select from chosen as ripe where ripe.is_ripe) group by 1""",
    ),
    "trend": (
        -1,
        """select funnel_step, count(*) from fct_funnel_events
           where is_first_entry and crm_source = %(crm)s and pipeline_id = %(pipeline)s
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
                shown, expected = tab.figures(card, column), query(connection, statement, view)
                if set(expected) == {"Unknown"}:  # a card of reasons without a reason says how many there are
                    sentence = tab.page.locator(f"#card-{card} .empty").text_content()
                    assert f"{expected['Unknown']} deals" in sentence
                else:
                    assert shown == expected, (view, card)
                seen.add((card, tuple(shown.items())))
    assert len(seen) == len(VIEWS) * len(FIGURES), "a filter changed nothing"


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
        """cards => cards.filter(card => !card.querySelector(".chart svg > *, table, .empty"))
            .map(card => card.id)""",
    )
    assert bare == []
    unnamed = page.eval_on_selector_all(
        ".chart, .scroll, select, button, input",
        """all => all.filter(one => !(one.getAttribute("aria-label") || one.labels?.length
            || one.textContent.trim() && one.tagName === "BUTTON")).map(one => one.outerHTML.slice(0, 80))""",
    )
    assert unnamed == []
    if width == 1280 and not fragment:
        assert page.locator(".card .empty").count() <= 1  # marketing may be absent


# Texts of charts that touch another one, a point of a line or the edge of their drawing; broken words of headings.
FIND_CUT = r"""() => {
    const wrong = [], box = one => one.getBoundingClientRect();
    const touch = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1
        && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 3;
    for (const drawing of document.querySelectorAll(".drawing")) {
        const card = drawing.closest(".card").id, whole = box(drawing);
        const texts = [...drawing.querySelectorAll("text")].filter(one => one.textContent);
        const points = [...drawing.querySelectorAll("circle[r='4']")];
        texts.forEach((one, index) => {
            const at = box(one);
            if (at.left < whole.left - 1 || at.right > whole.right + 1 || at.bottom > whole.bottom + 1)
                wrong.push([card, one.textContent, "is cut off"]);
            for (const other of [...texts.slice(index + 1), ...points])
                if (touch(at, box(other))) wrong.push([card, one.textContent, other.textContent || "a point"]);
        });
    }
    for (const details of document.querySelectorAll("details")) details.open = true;
    for (const heading of document.querySelectorAll("thead th")) {
        const walker = document.createTreeWalker(heading, NodeFilter.SHOW_TEXT), range = document.createRange();
        for (let node; (node = walker.nextNode()); )
            for (const { index, 0: word } of node.data.matchAll(/[^\s/-]+/g)) {
                range.setStart(node, index);
                range.setEnd(node, index + word.length);
                if (new Set([...range.getClientRects()].map(one => Math.round(one.top))).size > 1)
                    wrong.push([heading.closest(".card").id, word, "is broken"]);
            }
    }
    return wrong;
}"""


@pytest.mark.parametrize("pipeline", ["pipedrive:1", "salesforce:default"])
@pytest.mark.parametrize("width", [1280, 390])
def test_no_label_is_cut_off_or_touches_another(
    width: int, pipeline: str, sample_page: Path, open_tab: Callable
) -> None:
    page = open_tab(width=width).open(sample_page, f"#pipeline={pipeline}")
    assert page.locator(".drawing text").count() > 100
    assert page.evaluate(FIND_CUT) == []


def test_page_works_from_the_keyboard(sample_page: Path, open_tab: Callable) -> None:
    page = open_tab().open(sample_page)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.focus("#theme")
    page.keyboard.press("Enter")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.focus("#preset")
    page.keyboard.type("This month")
    page.wait_for_function("document.getElementById('from').value === document.getElementById('to').value")
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
    assert [page.input_value(f"#{name}") for name in ("from", "to")] == ["2024-11", "2025-03"]
    assert page.input_value("#owner-search").endswith("(9)")
    page = open_tab().open(sample_page, "#pipeline=x&owner=%3Cb%3E&from=2030-01&to=1999-13")
    assert page.input_value("#pipeline") == "pipedrive:1"
    assert page.input_value("#owner-search") == ""


def test_every_choice_is_in_the_address(sample_page: Path, open_tab: Callable) -> None:
    page = open_tab().open(sample_page)
    page.select_option("#preset", "last_quarter")
    page.select_option("#compare", "before")
    page.select_option("#card-cohorts select", "horizon_2")
    page.select_option("#card-forecast select", "trend")
    page.click("#theme")
    page = open_tab().open(sample_page, page.evaluate("location.hash"))
    chosen = ("#preset", "#compare", "#card-cohorts select", "#card-forecast select")
    assert [page.input_value(one) for one in chosen] == ["last_quarter", "before", "horizon_2", "trend"]
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_filters_stay_in_view(sample_page: Path, open_tab: Callable) -> None:
    for width in (1280, 390):
        page = open_tab(width=width).open(sample_page)
        page.evaluate("window.scrollTo(0, 3000)")
        assert page.locator("#pipeline").bounding_box()["y"] < 60


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
    owners = page.eval_on_selector_all("#owners option", "options => options.map(option => option.value)")
    assert any(name in owner for owner in owners)
    drawn = page.locator("#card-losses .chart text").first.text_content()
    assert drawn.replace(" ", "") == name.replace(" ", "")


# What a trend is compared with: a figure of its table, and SQL on the month or quarter of before.
COMPARED = {
    "#card-won tr:has(th:text-is('Jun 2025')) td:last-child": """select round(sum(reporting_amount), 2) from fct_deals
        where crm_source = 'salesforce' and status = 'won' and closed_date between '{0}-06-01' and '{0}-06-30'""",
    "#card-created tr:has(th:text-is('Jun 2025')) td:nth-child(3)": """select count(*) from fct_deals
        where crm_source = 'salesforce' and created_date between '{0}-06-01' and '{0}-06-30'""",
    "#card-slippage tr:last-child td:nth-last-child(2)": """select count(*) from fct_pipeline_snapshots
        where crm_source = 'salesforce' and snapshot_date = '{0}-03-31' and close_quarter = '{0}-04-01'""",
    "#card-health tr:last-child td:nth-child(3)": """select round(health_score, 1) from rep_pipeline_health
        where crm_source = 'salesforce' and quarter = '{0}-04-01'""",
    # It follows no months, so it is compared with the year before, whatever is chosen.
    "#card-forecast tr:has(th:text-is('Jul 2025')) td:last-child": """
        select round(sum(reporting_amount), 2) from fct_deals
        where crm_source = 'salesforce' and status = 'won' and closed_date between '2024-07-01' and '2024-07-31'""",
}


@pytest.mark.parametrize(("compare", "months", "year"), [("year", 12, "2024"), ("before", 24, "2023")])
def test_every_trend_is_compared_with_a_period_before(
    compare: str,
    months: int,
    year: str,
    sample_page: Path,
    sample_database: str,
    connect: Callable,
    open_tab: Callable,
) -> None:
    first = {12: "2024-07", 24: "2023-07"}[months]
    view = f"#pipeline=salesforce:default&from={first}&to=2025-06&compare={compare}"
    page = open_tab().open(sample_page, view)
    with (
        contextlib.closing(connect(sample_database, "reporter")) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("set search_path = dev_marts")
        for figure, query in COMPARED.items():
            cursor.execute(query.format(year))
            [(expected,)] = cursor.fetchall()
            assert expected > 0
            assert float(page.locator(figure).get_attribute("data-value")) == float(expected), figure
    dashed = page.eval_on_selector_all(
        ".card",
        "all => all.filter(one => one.querySelector('path[stroke-dasharray]')).map(one => one.id.slice(5))",
    )
    assert dashed == ["trend", "won", "forecast", "open", "slippage", "health", "created"]
