"""A test of a build either stops it or warns. What would make a figure wrong stops; what merely looks odd warns, and
says in plain words how much it is and what mends it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import jinja2
import pytest
import yaml

from conftest import ROOT
from demo import format_warnings

# Generic tests that judge whether data are likely; the others say that a figure would be wrong.
JUDGE_PLAUSIBILITY = {"month_volume", "plausible_time", "repeated_share", "unmatched_share"}
SAYS_WHAT_MENDS_IT = re.compile(
    r"\.csv\b|the file\b|in the CRM|the CRM was not used|It is news", re.IGNORECASE
)


@dataclass(frozen=True)
class DataTest:
    """A data test as its YAML (or, of a singular one, its file) defines it; `kind` is that of a generic one."""

    place: str
    kind: str
    text: str
    description: str
    warns: bool

    @property
    def has_threshold(self) -> bool:
        return "warn_if" in self.text or "error_if" in self.text


def list_generic(held: object, place: str) -> Iterator[DataTest]:
    """The generic tests below a node of a YAML file."""
    if isinstance(held, list):
        for item in held:
            yield from list_generic(item, place)
    elif isinstance(held, dict):
        for key, value in held.items():
            if key != "data_tests" or not isinstance(value, list):
                yield from list_generic(value, f"{place} {held.get('name', '')}".strip())
                continue
            for test in value:
                [(kind, given)] = test.items() if isinstance(test, dict) else [(test, {})]
                config = given.get("config", {})
                warns = str(config.get("severity", "error")).lower() == "warn"
                named = f"{place} {held.get('name', '')}: {given.get('name', kind)}"
                yield DataTest(named, kind, str(config), resolve(given.get("description", "")), warns)


def resolve(description: str) -> str:
    """The description on one line, with the doc block that it may consist of."""
    if found := re.search(r"doc\('(\w+)'\)", description):
        blocks = "".join(path.read_text("utf-8") for path in (ROOT / "models").rglob("*.md"))
        description = re.search(rf"{{% docs {found[1]} %}}(.*?){{% enddocs %}}", blocks, re.DOTALL)[1]
    return " ".join(description.split())


def list_singular() -> Iterator[DataTest]:
    folder = ROOT / "tests" / "singular"
    described = [yaml.safe_load(path.read_text("utf-8")) for path in folder.rglob("*.yml")]
    descriptions = {test["name"]: test["description"] for file in described for test in file["data_tests"]}
    for path in sorted(folder.rglob("*.sql")):
        text = path.read_text("utf-8")
        yield DataTest(path.stem, "", text, resolve(descriptions[path.stem]), "severity='warn'" in text)


@pytest.fixture(scope="module")
def data_tests() -> list[DataTest]:
    """Every data test of the project."""
    files: list[Path] = [path for folder in ("models", "seeds") for path in (ROOT / folder).rglob("*.yml")]
    generic = [
        test for path in files for test in list_generic(yaml.safe_load(path.read_text("utf-8")), path.stem)
    ]
    assert len(generic) > 200
    return generic + list(list_singular())


def test_what_judges_plausibility_warns(data_tests):
    judging = [test for test in data_tests if test.kind in JUDGE_PLAUSIBILITY]
    assert {test.kind for test in judging} == JUDGE_PLAUSIBILITY
    assert [test.place for test in judging if not test.warns] == []


def test_a_test_stops_or_warns_and_has_no_threshold_between(data_tests):
    assert [test.place for test in data_tests if test.has_threshold] == []


def test_a_warning_says_in_plain_words_what_mends_it(data_tests):
    warning = [test for test in data_tests if test.warns]
    assert len(warning) >= 30
    assert [test.place for test in warning if not SAYS_WHAT_MENDS_IT.search(test.description)] == []


def test_a_warning_counts_its_rows_and_those_tested(data_tests):
    generic = {path.stem: path.read_text("utf-8") for path in (ROOT / "tests" / "generic").glob("*.sql")}
    for test in data_tests:
        if test.warns:
            text = generic[test.kind] if test.kind else test.text
            assert "failing_rows" in text and "tested_rows" in text, test.place


def test_the_demo_says_once_what_several_tests_warn_of():
    said = format_warnings(
        [
            ("owners_are_known", "1 of 200 (0.5 %): Owners that users.csv lacks. Export it anew."),
            ("names_agree", "2 of 3 (66.7 %): Stages with two names. Mend stages.csv."),
            ("users_are_known", "3 of 100 (3.0 %): Owners that users.csv lacks. Export it anew."),
        ]
    )
    assert said.count("Owners that users.csv lacks. Export it anew.") == 1
    assert "  1 of 200 (0.5 %)  (owners_are_known)\n  3 of 100 (3.0 %)  (users_are_known)\n" in said
    assert "WARN" not in said
    assert format_warnings([]) == ""


# --- masks ---------------------------------------------------------------------------------------------------------

MASKED = {
    "Ann Lee": "A*** L***",
    "A": "***",
    "A B": "*** ***",
    "J. Doe": "*** D***",
    "Zoë O'Brien-Lee": "Z*** O***",
    "李 明": "*** ***",
    "": "",
    None: None,
}


def render(text: str) -> str:
    """A Jinja expression as the project's macros make SQL of it, those that need nothing of dbt."""
    names = ("mask_words", "sum_known", "is_plausible_date", "known_completion", "lost_reason_key")
    files = {path.stem: path for path in (ROOT / "macros").rglob("*.sql")}
    macros = "".join(files[name].read_text("utf-8") for name in names)
    return jinja2.Environment(autoescape=False).from_string(macros + text).render().strip()  # noqa: S701 (SQL)


def test_of_a_word_of_one_letter_nothing_is_kept(database, query):
    masked = render("{{ mask_words('name') }}")
    found = query(
        database,
        f"select name, {masked} from unnest(%(names)s) as name",
        names=list(MASKED),
    )
    assert dict(found) == MASKED


@pytest.mark.parametrize("field", ["Owner", "Owner ", " owner", "OWNER"])
def test_owner_names_in_the_field_history_are_masked_however_the_field_is_written(
    dbt, database, query, field
):
    view = ROOT / "models" / "staging" / "salesforce" / "stg_salesforce__opportunity_field_history.sql"
    is_owner = re.search(r'set is_owner = "(.*)" ', view.read_text("utf-8"))[1]
    [masked] = re.findall(r"(case when .* end) as new_value", view.read_text("utf-8"))
    rendered = render(f'{{% set is_owner = "{is_owner}" %}}{masked}')
    assert query(
        database,
        f"select {rendered} from (values (%(field)s, 'Ann Lee'), (%(field)s, '0055g0000000001AAA'), ('Name', 'Deal')) "
        "as held (field, newvalue)",
        field=field,
    ) == [("A*** L***",), ("0055g0000000001AAA",), ("Deal",)]


# --- what is unknown, on literal rows ------------------------------------------------------------------------------


def test_a_sum_is_of_the_known_amounts_and_null_only_if_none_is_known(database, query):
    total = render("{{ sum_known('amount', 'is_won') }}")
    rows = "('known', 1, true), ('known', null, true), ('unknown', null, true), ('none', null, false)"
    found = query(
        database,
        f"select name, {total} from (values {rows}) as held (name, amount, is_won) group by name",
    )
    assert dict(found) == {"known": 1, "unknown": None, "none": 0}


def test_a_date_can_be_from_1990_until_ten_years_after_its_load(database, query):
    can_be = render("{{ is_plausible_date('at', 'loaded_at') }}")
    days = {
        "0024-01-05": False,
        "1989-12-31": False,
        "1990-01-01": True,
        "2035-12-20": True,
        "2036-01-20": False,
        "9999-12-31": False,
        "infinity": False,
    }
    found = query(
        database,
        f"select at_text, {can_be} from (select at_text, at_text::timestamp at time zone 'UTC' as at, "
        "'2026-01-01 00:00+00'::timestamptz as loaded_at from unnest(%(days)s) as at_text) as held",
        days=list(days),
    )
    assert dict(found) == days


def test_a_call_that_is_due_after_its_load_has_no_known_time(database, query):
    completed = render("{{ known_completion('due_at', 'loaded_at') }}")
    found = query(
        database,
        f"select due_at::date::text, ({completed}) is not null from "
        "(select due_at, '2026-01-01'::timestamptz as loaded_at "
        "from unnest(array['2025-12-31', '2028-01-01', '0024-01-01']::timestamptz[]) as due_at) as held",
    )
    assert dict(found) == {"2025-12-31": True, "2028-01-01": False, "0024-01-01": False}


def test_a_lost_reason_in_words_is_a_hash_and_case_and_blanks_do_not_matter(database, query):
    key = render("{{ lost_reason_key('reason') }}")
    found = dict(
        query(
            database,
            f"select reason, {key} from unnest(%(reasons)s) as reason",
            reasons=["Told by Ann Lee", " told  by ann lee ", "Price", "4", None],
        )
    )
    assert found["Told by Ann Lee"] == found[" told  by ann lee "]
    assert re.fullmatch(r"text:[0-9a-f]{32}", found["Told by Ann Lee"])
    assert found["Told by Ann Lee"] != found["Price"]
    assert (found["4"], found[None]) == ("4", None)
