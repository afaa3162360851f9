"""What the rules of a mapping make of a file, row by row; and that whatever may stand in a mapping file in place of a
rule is taken or refused in one line. Without a database: the files that are made are read as they lie."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from loader.export_files import Source, known_name
from loader.mapped_files import map_source
from loader.mapping import read_mapping
from loader.mapping_rules import PARTS
from loader.messages import LoadError
from loader.raw_tables import INSTANT, Column, RawTable

COLUMNS = [
    Column("deal_id", "text", required=True, optional=False),
    Column("property", "text", required=True, optional=False),
    Column("value", "text", required=False, optional=False),
    Column("timestamp", INSTANT, required=True, optional=False),
    Column("amount", "numeric", required=False, optional=True),
]
TABLES = {"log.csv": RawTable("log.csv", "log", ("deal_id",), tuple(COLUMNS))}
DEALS = """\
Id,Stage,Owner,Changed,Worth,Entered New,Entered Won
1,New,Ann,2024-03-01,"1.000,5",2024-01-01,
2,Won,Bob,2024-01-01,7,2024-01-02,2024-02-02
1,Won,Cy,2024-02-01,8,,2024-02-03
"""


@dataclass
class Desk:
    """A folder with deals.csv, and a mapping of it to log.csv."""

    folder: Path

    def write(self, name: str, text: str) -> Path:
        (self.folder / name).write_text(text, "utf-8")
        return self.folder / name

    def made(self, deals: str = DEALS, **target: object) -> list[dict[str, str]]:
        """The rows that the rules of a target make, each with its line and where its values come from."""
        mapping = self.write("mapping.json", json.dumps({"deals.csv": {"load_as": "log.csv"} | target}))
        return self.made_by(mapping, deals)

    def made_by(self, mapping: Path, deals: str = DEALS) -> list[dict[str, str]]:
        path = self.write("deals.csv", deals)
        out = self.folder / "out"
        out.mkdir(exist_ok=True)
        rows = []
        for target in read_mapping(mapping)["deals.csv"]:
            source = Source(path, "deals.csv", known_name(path))
            for made in map_source(source, target, TABLES, "utf-8", None, out):
                with made.path.open(newline="") as file:
                    reader = csv.reader(file)
                    header = next(fields for fields in reader if fields)
                    for fields in filter(None, reader):
                        row = dict(zip(header, fields, strict=True))
                        rows.append(row | {"line": str(reader.line_num), "origins": made.origins})
        return rows


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def picked(rows: list[dict[str, str]], *names: str) -> list[tuple[str, ...]]:
    return [tuple(row[name] for name in names) for row in rows]


# --- what the rules make ------------------------------------------------------------------------------------------

HISTORY = {
    "deal_id": "Id",
    "property": {"constant": "stage"},
    "value": "{stage}",
    "timestamp": "{value}",
}


def test_columns_become_rows_with_the_parts_of_their_headers(desk):
    rows = desk.made(unpivot="Entered {stage}", columns=HISTORY)
    assert picked(rows, "line", "deal_id", "value", "timestamp") == [
        ("2", "1", "New", "2024-01-01"),
        ("3", "2", "New", "2024-01-02"),
        ("3", "2", "Won", "2024-02-02"),
        ("4", "1", "Won", "2024-02-03"),
    ]
    assert rows[0]["origins"]["timestamp"] == "Entered New"
    assert rows[0]["origins"]["value"] == "the header Entered New"


def test_listed_columns_become_rows_told_apart_by_their_headers(desk):
    columns = HISTORY | {
        "property": {"column": "{column}", "values": {"Owner": "owner", "Stage": "stage"}},
        "value": "{value}",
        "timestamp": "Changed",
    }
    rows = desk.made(unpivot=["Stage", "Owner"], columns=columns)
    assert picked(rows, "deal_id", "property", "value") == [
        ("1", "stage", "New"),
        ("2", "stage", "Won"),
        ("1", "stage", "Won"),
        ("1", "owner", "Ann"),
        ("2", "owner", "Bob"),
        ("1", "owner", "Cy"),
    ]


@pytest.mark.parametrize(
    ("pattern", "header", "parts"),
    [
        ('Date entered "{stage} ({pipeline})"', 'date entered "Won (A) (B)"', ("Won (A)", "B")),
        # Brackets of a part's own close within it; where they never do, a part takes as much as it can.
        ('Date entered "{stage} ({pipeline})"', 'Date entered "Won (A) (B (C))"', ("Won (A)", "B (C)")),
        ('Date entered "{stage} ({pipeline})"', 'Date entered "Won (B (C (D)))"', ("Won", "B (C (D))")),
        ('Date entered "{stage} ({pipeline})"', 'Date entered "Won :) (B) (C"', None),
        ('Date entered "{stage} ({pipeline})"', 'Date entered "Won :( (B)"', ("Won :(", "B")),
        ("{stage} | {pipeline} since", "Won | B | C since", ("Won | B", "C")),
        ("Since [{stage}] in {pipeline}*", "Since [Won] in B*", ("Won", "B")),
    ],
)
def test_a_pattern_takes_a_header_apart(desk, pattern, header, parts):
    quoted = header.replace('"', '""')
    rows = desk.made(
        f'Id,"{quoted}",x{header[:5]}\n7,2024-01-01,2024-01-02\n',
        unpivot=pattern,
        columns=HISTORY | {"property": "{pipeline}", "value": "{stage}"},
    )
    assert picked(rows, "value", "property", "timestamp") == ([(*parts, "2024-01-01")] if parts else [])


def test_a_pattern_that_no_column_fits_makes_no_rows_and_says_so(desk, capsys):
    assert desk.made(unpivot="Left {stage}", columns=HISTORY) == []
    assert "deals.csv: no column fits Left {stage}" in capsys.readouterr().err


def test_a_column_that_stands_twice_is_not_unpivoted(desk):
    with pytest.raises(LoadError, match="names Entered New more than once"):
        desk.made("Id,Entered New,Entered New\n1,,\n", unpivot="Entered {stage}", columns=HISTORY)


LOG = {"deal_id": "Id", "property": "Stage", "value": "Owner", "timestamp": "Changed"}


def test_a_text_is_put_together_of_columns_and_empty_where_one_is(desk):
    columns = LOG | {"property": "{Stage} ({ owner }).", "value": ["{Id}{Gone}", "{Worth}-{Owner}", "Id"]}
    rows = desk.made("Id,Stage,Owner,Changed,Worth\n1,New,Ann,,\n2,New,,,5\n", columns=columns)
    assert picked(rows, "property", "value") == [("New (Ann).", "1"), ("", "2")]


def test_of_several_columns_the_first_that_is_there_and_not_empty_counts(desk):
    rows = desk.made(columns=LOG | {"value": ["Gone", "Entered Won", "Changed"]})
    assert picked(rows, "value") == [("2024-03-01",), ("2024-02-02",), ("2024-02-03",)]
    # Once, whatever reads it.
    lacking = ["Gone", "{Stage} {Lost}"]
    with pytest.raises(LoadError, match="the header lacks gone or lost with stage; it has id"):
        desk.made(columns=LOG | {"value": lacking}, drop={"value": ""})


def test_an_optional_column_may_be_missing(desk):
    rows = desk.made(columns=LOG | {"amount": {"column": "Sum", "optional": True}})
    assert picked(rows, "amount") == [("",)] * 3
    with pytest.raises(LoadError, match="the header lacks sum"):
        desk.made(columns=LOG | {"amount": {"column": "Sum", "optional": False}})


def test_rows_are_kept_and_dropped_by_values_of_columns(desk):
    ids = {"keep": {"Stage": ["New", "Won"], "Id": "1"}, "drop": {"Entered New": ""}}
    assert picked(desk.made(columns=LOG, **ids), "line", "value") == [("2", "Ann")]
    # A name of the target's column is its value, after its own rules.
    won = {"property": {"column": "Stage", "values": {"Won": "1"}, "otherwise": "0"}}
    assert picked(desk.made(columns=LOG | won, keep={"Property": "1"}), "line") == [("3",), ("4",)]
    rows = desk.made(unpivot="Entered {stage}", columns=HISTORY, drop={"{stage}": "Won"})
    assert picked(rows, "line", "value") == [("2", "New"), ("3", "New")]


@pytest.mark.parametrize("written", ["won", " WON", "Won\N{NO-BREAK SPACE}"])
def test_a_value_is_the_listed_one_in_any_case(desk, written):
    """Else a deal that somebody typed otherwise would be open, and nobody told."""
    deals = f"Id,Stage,Owner,Changed\n1,{written},Ann,2024-01-01\n2,lost,Bob,2024-01-01\n"
    won = {
        "property": {
            "column": "Stage",
            "values": {"Won": True, "Lost": "no", "lost": "own"},
            "otherwise": False,
        }
    }
    assert picked(desk.made(deals, columns=LOG | won), "property") == [("True",), ("own",)]
    assert picked(desk.made(deals, columns=LOG, keep={"Stage": "Won"}), "value") == [("Ann",)]
    assert picked(desk.made(deals, columns=LOG, drop={"Stage": ["Won"]}), "value") == [("Bob",)]


def test_of_rows_of_one_deal_the_earliest_or_the_latest_stays(desk):
    assert picked(desk.made(columns=LOG, earliest={"of": "Id", "by": "Changed"}), "line") == [("3",), ("4",)]
    assert picked(desk.made(columns=LOG, latest={"of": "deal_id", "by": "timestamp"}), "line") == [
        ("2",),
        ("3",),
    ]
    assert picked(desk.made(columns=LOG, earliest={"of": ["Id", "Stage"], "by": "Changed"}), "line") == [
        ("2",),
        ("3",),
        ("4",),
    ]
    assert picked(desk.made(columns=LOG, earliest={"of": "Id"}), "line") == [("2",), ("3",)]
    assert picked(desk.made(columns=LOG, latest={"of": "Id"}), "line") == [("3",), ("4",)]
    rows = desk.made(unpivot="Entered {stage}", columns=HISTORY, latest={"of": "Id", "by": "{value}"})
    assert picked(rows, "line", "value") == [("3", "Won"), ("4", "Won")]


def by(*values: str) -> str:
    """Deals with one id, each changed at one of the moments."""
    return "Id,Stage,Owner,Changed\n" + "".join(f"1,s,{n},{value}\n" for n, value in enumerate(values))


@pytest.mark.parametrize(
    ("values", "formats", "earliest", "latest"),
    [
        (["2024-02-01 10:00", "2024-02-01", ""], None, "1", "0"),
        (["2024-02-01T00:30:00+02:00", "2024-01-31T23:00:00Z"], None, "0", "1"),
        (["10", "9", "1.000,5"], None, "1", "2"),
        (["02/01/2024", "01/02/2024"], "%d/%m/%Y", "0", "1"),
        (["1706745600", "1706745599"], "epoch", "1", "0"),
        (["45351.5", "45351", "46000"], "excel", "1", "2"),
        (["2024-01-01", "2024-01-01"], None, "0", "1"),
        (["", ""], None, "0", "1"),
    ],
)
def test_what_is_earlier_is_told_by_dates_and_numbers(desk, values, formats, earliest, latest):
    more = {"date_format": formats} if formats else {}
    deals = by(*values).replace("1.000,5", '"1.000,5"')
    for part, expected in {"earliest": earliest, "latest": latest}.items():
        rows = desk.made(deals, columns=LOG, **{part: {"of": "Id", "by": "Changed"}}, **more)
        assert picked(rows, "value") == [(expected,)], part


def test_what_cannot_be_ranked_names_its_line(desk):
    with pytest.raises(LoadError, match="line 3, column Changed: '01/02/2024' is neither a date with one"):
        desk.made(by("2024-01-01", "01/02/2024"), columns=LOG, earliest={"of": "Id", "by": "Changed"})


USERS = "Key,Name\nA1,Ann\nB1,Bob\nB1,Bob\n"


def look_up(**more: str) -> dict:
    return LOG | {
        "value": {"column": "Owner", "lookup": {"file": "users.csv", "key": "name", "value": "KEY"} | more}
    }


def test_a_value_is_looked_up_in_a_second_file(desk, capsys):
    desk.write("Users.csv", USERS)
    assert picked(desk.made(columns=look_up()), "value") == [("A1",), ("B1",), ("Cy",)]
    assert "deals.csv, column value: 1 values are not in Users.csv" in capsys.readouterr().err
    columns = look_up()
    columns["value"]["otherwise"] = "?"
    rows = desk.made(columns=columns, keep={"value": ["?", "B1"]})
    assert picked(rows, "value") == [("B1",), ("?",)]
    assert rows[0]["origins"]["value"] == "owner by the lookup of the mapping"


@pytest.mark.parametrize(
    ("users", "more", "message"),
    [
        (None, {}, "looks things up in users.csv beside it, and there is no such file"),
        (USERS, {"file": "*.csv"}, "and it fits 2 files"),
        (USERS, {"key": "Mail"}, "Users.csv, line 1: the header lacks mail"),
        (USERS + "C1,Ann\n", {}, "Users.csv, line 5: name 'Ann' has another KEY than in line 2"),
        (USERS + "C1\n", {}, "Users.csv, line 5: the row has 1 fields"),
    ],
)
def test_a_lookup_that_cannot_be_made_is_refused(desk, users, more, message):
    if users:
        desk.write("Users.csv", users)
    with pytest.raises(LoadError) as refused:
        desk.made(columns=look_up(**more))
    assert message in str(refused.value)


def test_of_several_values_in_a_cell_the_first_counts(desk):
    columns = LOG | {"value": {"column": "Owner", "first_of": ";"}}
    assert picked(desk.made("Id,Stage,Owner,Changed\n1,s,7 ;8,\n2,s,,\n", columns=columns), "value") == [
        ("7",),
        ("",),
    ]


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        ("{'id': 7, 'name': \"O'Hara\", 'email': 'a@example.org'}", "7"),  # as Python writes it
        ('{"name": "Ann", "value": 8, "id": null}', "8"),
        ('{"name": "Ann"}', ""),
        ("{'id': '', 'value': 0}", "0"),
        ("9", "9"),
        ("", ""),
        ("{broken", "{broken"),
        ("{7, 8}", ""),
    ],
)
def test_of_an_object_in_a_cell_a_member_counts(desk, cell, found):
    quoted = cell.replace('"', '""')
    rule = {"value": {"column": "Owner", "member": ["id", "value"]}}
    rows = desk.made(f'Id,Stage,Owner,Changed\n1,New,"{quoted}",2024-01-01\n', columns=LOG | rule)
    assert picked(rows, "value") == [(found,)]


def test_an_empty_cell_that_was_merged_means_what_stands_above_it(desk):
    deals = "Id,Stage,Owner,Changed\n1,New,Ann,2024-01-01\n2,,,2024-01-02\n3,Won, ,2024-01-03\n4,New,Bob,2024-01-04\n"
    rows = desk.made(deals, columns=LOG, fill_down="owner")
    assert picked(rows, "line", "value") == [("2", "Ann"), ("3", "Ann"), ("4", "Ann"), ("5", "Bob")]
    # Also from a row that is left out.
    rows = desk.made(
        deals, columns=LOG, fill_down=["Owner", "Stage"], drop={"Id": "1"}, keep={"Stage": "New"}
    )
    assert picked(rows, "line", "value") == [("3", "Ann"), ("5", "Bob")]
    with pytest.raises(LoadError, match="the header lacks who"):
        desk.made(deals, columns=LOG, fill_down="Who")


@pytest.mark.parametrize(
    ("pattern", "found"),
    [("deals *.csv", "2024-05-31"), ("d*.csv", "eals 2024-05-31"), ("deals 2024-05-31.csv", "")],
)
def test_what_the_star_stands_for_in_the_name_of_the_file_is_a_value(desk, pattern, found):
    """Such as the day of a list that is exported every week."""
    path = desk.write("Deals 2024-05-31.csv", DEALS)
    mapping = desk.write(
        "mapping.json", json.dumps({pattern: {"load_as": "log.csv", "columns": LOG | {"value": "{*}"}}})
    )
    [target] = read_mapping(mapping)[pattern]
    [made] = map_source(Source(path, path.name, pattern), target, TABLES, "utf-8", None, desk.folder)
    rows = list(csv.reader(made.path.open(newline="")))
    assert [row[2] for row in rows] == ["value", found, found, found]
    assert made.origins["value"] == "the file's name"


def test_a_number_is_multiplied(desk):
    deals = 'Id,Stage,Worth\n1,s,120000\n2,s,"$1,250.5"\n3,s,\n4,s,-99\n5,s,n/a\n6,s,1e3\n'
    columns = {"deal_id": "Id", "property": "Stage", "timestamp": {"constant": "2024-01-01"}}
    for column in ("amount", "value"):  # a number of the target, and a text
        rows = desk.made(deals, columns=columns | {column: {"column": "Worth", "factor": 0.01}})
        assert picked(rows, column) == [("1200.00",), ("12.505",), ("",), ("-0.99",), ("n/a",), ("1e3",)]
    thousands = {"column": "Worth", "factor": 1000, "decimal": ",", "values": {"-": ""}}
    rows = desk.made(
        'Id,Stage,Worth\n1,s,"1.234,5"\n2,s,-\n', columns=columns | {"amount": thousands, "value": thousands}
    )
    # A number of the target is read by the same rule, a text as it stands.
    assert picked(rows, "amount", "value") == [("1234500,0", "1234500.0"), ("", "")]


# --- what may stand in a mapping ----------------------------------------------------------------------------------

TEXTS = ["x", "%", "%Q", "%d", ".", ";", "epoch", "{a}{b}", "a {value}", "{a b}", "{x} of {x}", "{x} y"]
BROKEN = ["{", "{}", "x}"]
LOOKUPS = [{"file": "x", "key": "x", "value": "x"}, {"file": "x", "key": "x"}]
CHOICES = [{"of": "x"}, {"of": "x", "by": "x"}, {"by": "x"}]
FILTERS = [{"x": "x"}, {"x": ["x"]}, {"": "x"}, {"of": "x", "by": ["x"]}, {"{": "x"}]
ANYTHING = [
    *(None, True, 0, -1.5, "", " ", "\ud800", "a\0b", *TEXTS, *BROKEN),
    *([], [[]], [None], ["x"], ["x", ""], ["%d"], {}, {"x": None}, {"x": []}, {"of": [], "by": "x"}),
    *(*LOOKUPS, *CHOICES, *FILTERS, {"file": 1, "key": "x", "value": "x"}, LOOKUPS[0] | {"more": "x"}),
]
A_VALUE = [True, 0, -1.5, "", " ", *TEXTS, *BROKEN]
OF_TEXTS = [{"x": "x"}, *LOOKUPS, *CHOICES, LOOKUPS[0] | {"more": "x"}]
# What is right of that for each part; all else has to be refused.
RIGHT: dict[str, list] = {
    "column": [*TEXTS, "x}", ["x"], ["%d"]],
    "constant": A_VALUE,
    "values": [{}, *OF_TEXTS, {"": "x"}, {"{": "x"}, {"file": 1, "key": "x", "value": "x"}],
    "otherwise": A_VALUE,
    "lookup": LOOKUPS[:1],
    "first_of": [" ", *TEXTS, *BROKEN],
    "member": [*TEXTS, *BROKEN, ["x"], ["%d"]],
    "fill_down": [*TEXTS, *BROKEN, ["x"], ["%d"]],
    "optional": [True],
    "date_format": ["%d", "epoch", ["%d"]],
    "factor": [],
    "decimal": ["."],
    "pseudonym": [" ", *TEXTS, *BROKEN],
    "unpivot": ["x", "%", "%Q", "%d", ".", ";", "epoch", "{x} y", ["x"], ["%d"]],
    "keep": [*OF_TEXTS, {"x": ["x"]}, {"of": "x", "by": ["x"]}],
    "earliest": CHOICES[:2],
}
RIGHT |= {"drop": RIGHT["keep"], "latest": RIGHT["earliest"]}


def with_part(part: str, given: object) -> dict:
    """A target in which a part says what is given."""
    target: dict = {"load_as": "log.csv", "columns": {"value": {"column": "Stage"}}}
    of_a_file = part in ("fill_down", "unpivot", "keep", "drop", "earliest", "latest")
    within = target if of_a_file else target["columns"]["value"]
    if part == "constant":
        within.pop("column")
    within[part] = given
    return target


@pytest.mark.parametrize("part", PARTS)
def test_whatever_a_part_of_a_mapping_says_is_right_or_one_line(desk, part):
    for given in ANYTHING:
        mapping = desk.write("mapping.json", json.dumps({"deals.csv": with_part(part, given)}))
        is_right = any(type(given) is type(right) and given == right for right in RIGHT[part])
        try:
            read_mapping(mapping)
        except LoadError as refused:
            assert not is_right, given
            assert f"{part} is {json.dumps(given)[:80]}, and has to be " in str(refused)
            assert "\n" not in str(refused)
        else:
            assert is_right, given
            try:
                desk.made_by(mapping)
            except LoadError as refused:
                assert "\n" not in str(refused)


@pytest.mark.parametrize("given", [given for given in ANYTHING if not isinstance(given, str)])
@pytest.mark.parametrize("place", [(), ("deals.csv",), ("load_as",), ("columns",), ("value",), ("Part",)])
def test_whatever_stands_around_the_parts_is_right_or_one_line(desk, place, given):
    document: object = {"deals.csv": with_part("column", "Stage")}
    within: dict = document["deals.csv"]
    match place:
        case ():
            document = given
        case ("deals.csv",):
            document["deals.csv"] = given
        case ("value",):
            within["columns"]["value"] = given
        case (name,):
            within[name] = given
    try:
        desk.made_by(desk.write("mapping.json", json.dumps(document)))
    except LoadError as refused:
        assert "\n" not in str(refused)
    except KeyError:  # the mapping is empty
        assert (place, given) == ((), {})


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ({"unpivot": "x"}, 'needs "load_as" and "columns"'),
        ({"columns": LOG, "earliest": {"of": "x"}, "latest": {"of": "x"}}, "has both earliest and latest"),
        (
            {
                "columns": {
                    "value": {"column": "x", "values": {}, "lookup": {"file": "x", "key": "x", "value": "x"}}
                }
            },
            "has both lookup and values",
        ),
        (
            {"columns": LOG, "colour": 1},
            '"colour" is no rule; there are date_format, decimal, optional, fill_down, unpivot',
        ),
    ],
)
def test_parts_that_do_not_go_together_are_refused(desk, target, message):
    with pytest.raises(LoadError) as refused:
        desk.made(**target)
    assert message in str(refused.value)
