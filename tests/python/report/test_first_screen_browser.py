"""The first screen on exports of every kind: first_screen/<name>.yml holds what each tile and card must show.

`…` stands for any text, above all for figures and names of the real exports, which stay out of the repository. Where
first_screen_by_hand.py makes a sentence from the export in plain Python, it must be shown too, so that the figures of
the files, and those of the real exports, have a source that is not the page.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from conftest import ROOT, Databases, Dbt
from report.write_report import write_report
from support import first_screen_by_hand as by_hand
from support import page_exports, real_data, replayed_exports
from support.browser import SCREENSHOTS, needs_browser

pytest_plugins = ("support.browser",)
pytestmark = needs_browser

EXPECTED = Path(__file__).parent / "first_screen"
MADE = {
    "without_wins": page_exports.without_wins,
    "one_deal": page_exports.one_deal,
    "empty_month_at_the_end": page_exports.empty_month_at_the_end,
    "two_thousand_owners": page_exports.two_thousand_owners,
}
# A figure that is none: a dash, or a zero by itself.
NO_FIGURE = re.compile(r"[\u2013-]|[\u00b1+\u2212]?0([.,]0+)?( (%|pp|[A-Z]{3}|deals?|wins?))?")


Sentences = dict[str, Any]


def document_of_mapping() -> str:
    """The mapping that docs/mapping.md gives for the real marketing export."""
    document = (ROOT / "docs" / "mapping.md").read_text("utf-8")
    return next(
        text for text in re.findall(r"```json\n(.*?)```", document, re.DOTALL) if "amount_usd" in text
    )


@pytest.fixture
def build_page(
    databases: Databases, dbt: Dbt, load: Callable, connect: Callable, tmp_path: Path
) -> Iterator[Callable[..., Path]]:
    """build_page(folder, more arguments of the loader) -> the page of these exports alone."""
    made: list[str] = []

    def run(*arguments: str | Path) -> Path:
        made.append(databases.create())
        load(*arguments, database=made[-1])
        dbt("build --exclude-resource-type test unit_test", database=made[-1])
        with contextlib.closing(connect(made[-1], "reporter")) as connection:
            return write_report(connection, tmp_path / "index.html")

    yield run
    for name in made:
        databases.drop(name)


def check(
    name: str, path: Path, open_tab: Callable, fragment: str = "", made: Sentences | None = None
) -> None:
    expected = yaml.safe_load((EXPECTED / f"{name}.yml").read_text("utf-8"))
    page = open_tab().open(path, fragment)
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"first-screen-{name}.png")
    shown = {
        "period": page.inner_text("#period"),
        "tiles": read(page, ".tile:not(#attention)", "tile-", ".value, .sentence"),
        "attention": [
            " ".join(text.split())
            for text in page.locator("#attention li, #attention .detail").all_inner_texts()
        ],
        "cards": read(page, ".card", "card-", ".answer, .empty"),
    }
    for sentences in (expected, made or {}):
        for part, told in sentences.items():
            found = {one: shown[part].get(one) for one in told} if isinstance(told, dict) else shown[part]
            assert fill_in(told, found) == found
    assert set(expected["tiles"]) == set(shown["tiles"])
    assert set(expected["cards"]) == set(shown["cards"])
    assert_no_gaps(page)


def assert_no_gaps(page) -> None:
    """Every tile and card has a figure or a sentence, and none of them, nor a cell, is a dash or a zero by itself."""
    for frame in page.locator(".tile:not(#attention), .card").all():
        told = frame.locator(".value, .sentence, .answer, .empty").first.inner_text().strip()
        assert not NO_FIGURE.fullmatch(told), (frame.get_attribute("id"), told)
        is_figure = frame.locator(".value").count() > 0
        assert is_figure or told.endswith("."), (frame.get_attribute("id"), told)
    for text in page.locator(".change, .detail, .answer, .empty, .sentence, .note").all_inner_texts():
        between_months = re.sub(r"\d{4} \u2013 [A-Z]", "", text)
        assert not re.search(r"undefined|null|NaN|Infinity|(^|[\s(])\u2013([\s.,;)]|$)", between_months), text
        assert not NO_FIGURE.fullmatch(text.strip()), text
    # Tables as well: what is not known is said, or left blank where the card says what that means.
    page.eval_on_selector_all("details", "all => all.forEach(one => { one.open = true; })")
    for text in page.locator(".card td, .card th").all_inner_texts():
        assert text.strip() not in ("\u2013", "-", "null", "undefined", "NaN"), "a cell without its figure"


def read(page, frame: str, prefix: str, sentence: str) -> dict[str, str]:
    return {
        one.get_attribute("id").removeprefix(prefix): one.locator(sentence).first.inner_text().strip()
        for one in page.locator(frame).all()
    }


def fill_in(expected, shown):
    """What is expected, with what is shown in place of each text that its `…` allow for."""
    if isinstance(expected, dict) and isinstance(shown, dict):
        return {key: fill_in(value, shown.get(key)) for key, value in expected.items()}
    if isinstance(expected, list) and isinstance(shown, list) and len(expected) == len(shown):
        return [fill_in(*pair) for pair in zip(expected, shown, strict=True)]
    if isinstance(expected, str) and isinstance(shown, str):
        pattern = ".+".join(map(re.escape, expected.split("…")))
        return shown if re.fullmatch(pattern, shown, re.DOTALL) else expected
    return expected


@pytest.mark.parametrize("crm", ["pipedrive", "salesforce"])
def test_first_screen_of_the_sample(crm: str, sample_page: Path, open_tab: Callable) -> None:
    fragment = {"pipedrive": "", "salesforce": "#pipeline=salesforce:default"}[crm]
    export = getattr(replayed_exports, f"read_{crm}")(ROOT / "raw_data" / crm)
    rates = replayed_exports.read(ROOT / "raw_data" / "settings" / "exchange_rates.csv")
    check(f"sample_{crm}", sample_page, open_tab, fragment, by_hand.make_sentences(export, rates))


@pytest.mark.parametrize("name", MADE)
def test_first_screen_of_an_odd_export(
    name: str, build_page: Callable[..., Path], open_tab: Callable, tmp_path: Path
) -> None:
    MADE[name](tmp_path / "exports")
    # Of one deal nearly all is said in words, which the file has.
    made = (
        None
        if name == "one_deal"
        else by_hand.make_sentences(replayed_exports.read_pipedrive(tmp_path / "exports"), [])
    )
    check(name, build_page(tmp_path / "exports"), open_tab, made=made)


def test_first_screen_of_the_real_pipedrive_export(
    build_page: Callable[..., Path], open_tab: Callable
) -> None:
    folder = real_data.require("pipedrive")
    made = by_hand.make_sentences(replayed_exports.read_pipedrive(folder), [])
    check("real_pipedrive", build_page(folder), open_tab, made=made)


def test_first_screen_of_the_real_marketing_export(
    build_page: Callable[..., Path], open_tab: Callable, tmp_path: Path
) -> None:
    folder = real_data.require("gtm")
    (tmp_path / "mapping.json").write_text(document_of_mapping(), "utf-8")
    made = by_hand.say_opportunities(folder / "salesforce_opportunities.csv", folder / "ad_spend.csv")
    check("real_gtm", build_page(folder, "--mapping", tmp_path / "mapping.json"), open_tab, made=made)
