"""Numbers and dates as people write them: loaded where they have one meaning, by a rule of a mapping where not, refused
with that rule where there is none. Titles, footers and `sep=` of exports from the screen."""

from __future__ import annotations

import json
import re

import pytest

from support.raw_lab import Lab, always_careful, never_careful

OPPORTUNITY = "Id,StageName,IsClosed,IsWon,Amount,Probability,CloseDate,CreatedDate,CurrencyIsoCode\n"
EURO, POUND, THIN = "\N{EURO SIGN}", "\N{POUND SIGN}", "\N{NARROW NO-BREAK SPACE}"
RUPEE, ZLOTY = "\N{INDIAN RUPEE SIGN}", "z\N{LATIN SMALL LETTER L WITH STROKE}"


def opportunities(lab: Lab, column: str, *values: str, delimiter: str = ",", currency: str = "") -> None:
    """A file with one opportunity for each of the values of a column."""
    names = OPPORTUNITY.strip().split(",")
    lines = [delimiter.join(names)]
    for number, value in enumerate(values):
        row = dict.fromkeys(names, "") | {"Id": f"A{number}", "StageName": "New", "IsClosed": "false"}
        row |= {"IsWon": "false", "CurrencyIsoCode": currency, column: f'"{value}"'}
        lines.append(delimiter.join(row.values()))
    lab.write("Opportunity.csv", "\n".join(lines) + "\n")


def stored(lab: Lab, column: str, *options: object) -> list[str]:
    """What a first load of the folder leaves in the column, as text."""
    lab.query("truncate raw.salesforce_opportunity, raw.load_batches, raw.rejected_rows")
    lab.loads(*map(str, options))
    written = f"({column} at time zone 'UTC')" if column == "CreatedDate" else column
    rows = lab.query(f"select {written}::text from raw.salesforce_opportunity order by length(id), id")
    return [value for (value,) in rows]


def mapping(lab: Lab, content: object, name: str = "mapping.json") -> list[object]:
    """The options that load with a mapping."""
    return ["--mapping", lab.write(name, content if isinstance(content, str) else json.dumps(content))]


def whole_file(**rules: object) -> dict:
    return {"Opportunity.csv": {"load_as": "Opportunity.csv", **rules}}


# --- numbers ------------------------------------------------------------------------------------------------------

ONE_MEANING = {
    "1,054.00": "1054.00",
    "1.054,00": "1054.00",
    "1,054,000": "1054000",
    "1.054.000,5": "1054000.5",
    "1 054,5": "1054.5",
    f"1{THIN}054": "1054",
    "1'054.50": "1054.50",
    "12,34,567": "1234567",
    "12,5": "12.5",
    "12,50": "12.50",
    "1234,567": "1234.567",
    "0,125": "0.125",
    ",5": "0.5",
    "-1,054.00": "-1054.00",
    "(1,054.00)": "-1054.00",
    "\N{MINUS SIGN}7": "-7",
    "1e3": "1000",
    "1,054.00-": "-1054.00",
    # In Arabic, Persian and Hindi digits, in fullwidth ones, and beside marks of the direction of writing.
    "١٠٥٤": "1054",
    "۱٬۰۵۴٫۵": "1054.5",  # noqa: RUF001
    "१,०५४.५": "1054.5",
    "１，０５４．５": "1054.5",  # noqa: RUF001
    "\N{LEFT-TO-RIGHT MARK}1,054.5\N{RIGHT-TO-LEFT MARK}": "1054.5",
}


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_numbers_with_one_meaning_are_read(lab, delimiter):
    for value in ONE_MEANING:  # apart, so that none is told by another
        opportunities(lab, "Amount", value, delimiter=delimiter)
        assert stored(lab, "Amount") == [ONE_MEANING[value]], value


@pytest.mark.parametrize("value", ["12.500", "1,054", "-1.054"])
def test_a_number_with_two_meanings_names_the_rule_and_is_read_by_it(lab, value):
    opportunities(lab, "Amount", value, "900", delimiter=";")
    error = lab.refused()
    assert f"line 2, column amount: '{value}' is " in error
    assert 'write the rule "decimal": "." or "," into a mapping' in error
    digits = re.sub("[.,]", "", value)
    sign = "." if "." in value else ","
    assert stored(lab, "Amount", *mapping(lab, whole_file(decimal=sign))) == [re.sub(",", ".", value), "900"]
    other = "," if sign == "." else "."
    assert stored(lab, "Amount", *mapping(lab, whole_file(decimal=other))) == [digits, "900"]


def test_the_other_values_of_the_column_tell_the_decimal_sign(lab):
    for delimiter in ",;":
        opportunities(lab, "Amount", "12.500", "900,50", delimiter=delimiter)
        assert stored(lab, "Amount") == ["12500", "900.50"]
    opportunities(lab, "Amount", "12.500", "900.5", delimiter=";")
    assert stored(lab, "Amount") == ["12.500", "900.5"]
    opportunities(lab, "Amount", "12.500", "1.5", "1,5", delimiter=";")
    assert "'12.500' is 12.500 or 12500" in lab.refused()


def test_between_commas_a_point_is_a_decimal_sign_on_the_fast_path(lab):
    opportunities(lab, "Amount", "12.500")
    with never_careful():
        assert stored(lab, "Amount") == ["12.500"]
    with always_careful():
        assert stored(lab, "Amount") == ["12.500"]


def test_plain_numbers_between_semicolons_take_the_fast_path(lab):
    opportunities(lab, "Amount", "12.5", "1234.500", "12.5000", "0.125", "7", delimiter=";")
    with never_careful():
        assert stored(lab, "Amount") == ["12.5", "1234.500", "12.5000", "0.125", "7"]


def test_a_whole_number_may_be_written_with_a_point(lab):
    lab.write("stages.csv", 'stage_id,stage_name,order_nr\n1,A,1.0\n2,B,"1,234"\n3,C,5.00\n')
    lab.loads()
    assert lab.query("select order_nr from raw.stages order by stage_id") == [(1,), (1234,), (5,)]
    lab.write("stages.csv", 'stage_id,stage_name,order_nr\n1,A,"1,000"\n')
    assert "'1,000' is 1 or 1000" in lab.refused()


@pytest.mark.parametrize(
    ("true", "false"),
    [
        ("Vrai", "Faux"),
        ("Verdadero", "Falso"),
        ("Sí", "No"),
        ("Ja", "Nee"),
        ("PRAWDA", "FAŁSZ"),
        ("DOĞRU", "YANLIŞ"),
        ("ИСТИНА", "ЛОЖЬ"),
        ("ΑΛΗΘΗΣ", "ΨΕΥΔΗΣ"),
        ("是", "否"),
        ("はい", "いいえ"),
        ("예", "아니요"),
        ("نعم", "لا"),
    ],
)
def test_true_and_false_are_read_as_spreadsheets_of_other_languages_write_them(lab, true, false):
    opportunities(lab, "IsWon", true, false, f" {true.lower()} ")
    assert stored(lab, "IsWon") == ["true", "false", "true"]
    opportunities(lab, "IsWon", true, "jein")
    assert "line 3, column iswon: 'jein' is not true or false" in lab.refused()


@pytest.mark.parametrize(
    ("value", "currency"),
    [
        *(
            (f"{EURO}900", "EUR"),
            (f"900,00 {EURO}", "EUR"),
            ("$900", "USD"),
            ("$900", "CAD"),
            ("US$ 900", "USD"),
        ),
        *(
            ("-$900", "USD"),
            ("USD 900", "usd"),
            ("900 CHF", "CHF"),
            (f"{POUND}900.0", "GBP"),
            ("($900)", "USD"),
        ),
        *(
            (f"{RUPEE}900.00", "INR"),
            ("Rs. 900", "INR"),
            ("R$ 900,00", "BRL"),
            ("A$900", "AUD"),
            (f"900,00 {ZLOTY}", "PLN"),
            ("900 kr", "SEK"),
            ("900,00 kr.", "DKK"),
            ("R 900,00", "ZAR"),
            ("MX$900.00", "MXN"),
            ("\N{THAI CURRENCY SYMBOL BAHT}900.00", "THB"),
            ("USD 900.00-", "USD"),
        ),
    ],
)
def test_a_currency_is_taken_off_where_the_row_says_the_same(lab, value, currency):
    opportunities(lab, "Amount", value, currency=currency)
    assert abs(float(stored(lab, "Amount")[0])) == 900
    for other in ("", "JPY"):
        opportunities(lab, "Amount", value, currency=other)
        error = lab.refused()
        assert value in error
        assert (f"the row says {other}" if other else "the row does not say the currency") in error
        assert 'the rule "decimal"' in error


@pytest.mark.parametrize("sign", ["\N{YEN SIGN}", "\N{FULLWIDTH YEN SIGN}", "\\"])
def test_the_sign_of_the_yen_as_programs_in_japan_write_it(lab, sign):
    opportunities(lab, "Amount", f"{sign}1,200,900", f"-{sign}900", currency="JPY")
    assert [float(value) for value in stored(lab, "Amount")] == [1200900, -900]
    opportunities(lab, "Amount", f"{sign}900", currency="EUR")
    assert "the row says EUR" in lab.refused()


def test_a_percent_sign_is_right_in_a_column_of_percent(lab):
    opportunities(lab, "Probability", "50%", "12,5 %", "70")
    assert stored(lab, "Probability") == ["50", "12.5", "70"]
    opportunities(lab, "Amount", "50%")
    assert "'50%' has a percent sign, and the column holds no percentages" in lab.refused()


def test_what_does_not_fit_the_decimal_of_the_mapping_is_rejected(lab):
    opportunities(lab, "Amount", "12.5", "1.054,5")
    options = mapping(lab, whole_file(decimal=","))
    assert 'line 2, column amount: \'12.5\' is not a number by the rule "decimal": ","' in lab.refused(
        *map(str, options)
    )


# --- dates --------------------------------------------------------------------------------------------------------

DATES = {
    "2024-01-02T23:30:00": "2024-01-02",
    "2024-01-02 10:00": "2024-01-02",
    "2024-01-02T00:00:00Z": "2024-01-02",
    "2024-01-02 00:00:00 UTC": "2024-01-02",
    "2024/1/2": "2024-01-02",
    "2024.01.02": "2024-01-02",
    "20240102": "2024-01-02",
    "31.12.2024": "2024-12-31",
    "12/31/2024": "2024-12-31",
    "31-12-2024 5:30 PM": "2024-12-31",
    "02/02/2024": "2024-02-02",
    "1704153600000": "2024-01-02",
    "2024-01-02T23:59:59.9999999": "2024-01-02",
    # With blanks after the points as in Prague and Zagreb, in Budapest and Seoul; in Tokyo, Cairo and Tehran.
    "31. 12. 2024": "2024-12-31",
    "31. 12. 2024.": "2024-12-31",
    "2024. 1. 2.": "2024-01-02",
    "2024年1月2日": "2024-01-02",
    "２０２４／１／２": "2024-01-02",  # noqa: RUF001
    "٣١/١٢/٢٠٢٤": "2024-12-31",
    "\N{LEFT-TO-RIGHT MARK}2024-01-02\N{RIGHT-TO-LEFT MARK}": "2024-01-02",
}
TIMES = {
    "2024-01-02": "2024-01-02 00:00:00",
    "2024/01/02 10:00": "2024-01-02 10:00:00",
    "31.12.2024 17:30": "2024-12-31 17:30:00",
    "12/31/2024, 12:05 AM": "2024-12-31 00:05:00",
    "12/31/2024 5:30:01 pm": "2024-12-31 17:30:01",
    "2024-01-02 10:00:00.5 UTC": "2024-01-02 10:00:00.5",
    "31/12/2024 10:00 GMT": "2024-12-31 10:00:00",
    # Distances from GMT, and a zone that stands behind its offset: of JavaScript, Java, Go and Ruby.
    "31/12/2024 10:00 GMT+5": "2024-12-31 05:00:00",
    "2024-01-02 10:00:00 UTC-03:30": "2024-01-02 13:30:00",
    "2024-01-02 10:00:00 GMT+0530 (India Standard Time)": "2024-01-02 04:30:00",
    "2024-01-02T10:00+05:30[Asia/Kolkata]": "2024-01-02 04:30:00",
    "2024-01-02T10:00Z[UTC]": "2024-01-02 10:00:00",
    "2024-01-02 10:00:00.123456789 +0530 IST": "2024-01-02 04:30:00.123456",
    "2024-01-02 10:00:00 -0300 -03": "2024-01-02 13:00:00",
    "2024-01-02 10:00:00,5": "2024-01-02 10:00:00.5",
    "20240102T10:00+02:00": "2024-01-02 08:00:00",
    # As .NET, SQL Server and Go write them: cut off, since what is rounded may be the next day.
    "2024-01-02T23:59:59.9999999": "2024-01-02 23:59:59.999999",
    "2024-01-02T10:00:00.123456789+02:00": "2024-01-02 08:00:00.123456",
    "1704153600500": "2024-01-02 00:00:00.5",
    # AM and PM in Mexico, Taiwan, Korea and Egypt, and behind a blank that does not break.
    "31/12/2024 5:30 p. m.": "2024-12-31 17:30:00",
    f"31/12/2024 12:05:01{THIN}a.{THIN}m. +02:00": "2024-12-30 22:05:01",
    "2024/1/2 下午3:20:01": "2024-01-02 15:20:01",
    "2024. 1. 2. 오전 3:20": "2024-01-02 03:20:00",
    "2024年1月2日15:20": "2024-01-02 15:20:00",
    "31/12/2024 3:20 م": "2024-12-31 15:20:00",
}


@pytest.mark.parametrize(("column", "values"), [("CloseDate", DATES), ("CreatedDate", TIMES)])
def test_dates_with_one_meaning_are_read(lab, column, values):
    for value, right in values.items():
        opportunities(lab, column, value)
        assert stored(lab, column) == [right], value


@pytest.mark.parametrize(
    ("column", "value", "first", "rule"),
    [
        ("CloseDate", "01/02/2024", "2024-02-01", "%d/%m/%Y"),
        ("CloseDate", "1.2.2024", "2024-02-01", "%d.%m.%Y"),
        ("CreatedDate", "01/02/2024 10:00", "2024-02-01 10:00:00", "%d/%m/%Y %H:%M"),
        ("CreatedDate", "01-02-2024 1:00:01 PM", "2024-02-01 13:00:01", "%d-%m-%Y %I:%M:%S %p"),
        ("CloseDate", "1. 2. 2024.", "2024-02-01", "%d. %m. %Y."),
        ("CreatedDate", "01/02/2024 1:00 p. m.", "2024-02-01 13:00:00", "%d/%m/%Y %I:%M %p"),
    ],
)
def test_a_date_with_two_meanings_names_the_rule_and_is_read_by_it(lab, column, value, first, rule):
    opportunities(lab, column, value, "2024-03-04")
    error = lab.refused()
    assert f"line 2, column {column.lower()}: '{value}' is 2024-01-02" in error
    assert f'write the rule "date_format": "{rule}" or "%m' in error
    assert stored(lab, column, *mapping(lab, whole_file(date_format=rule)))[0] == first
    american = rule.replace("%d", "%x").replace("%m", "%d").replace("%x", "%m")
    assert stored(lab, column, *mapping(lab, whole_file(date_format=american)))[0].startswith("2024-01-02")


@pytest.mark.parametrize("column", ["CloseDate", "CreatedDate"])
def test_a_date_that_needs_a_rule_names_it(lab, column):
    for value, rules in {
        "13.03.24": ["%d.%m.%y"],
        "01/03/24 10:00": ["%d/%m/%y %H:%M", "%m/%d/%y %H:%M"],
        "1 Mar 2024": ["%d %b %Y"],
        "Mar 13, 2024 10:00 AM": ["%b %d, %Y %I:%M %p"],
        "13-Mar-24": ["%d-%b-%y"],
        "13 March 2024": ["%d %B %Y"],
        # Letters of a zone may mean several.
        "2024-03-13 10:00 IST": ["%Y-%m-%d %H:%M IST"],
        "13/03/2024 10:00 AM EST": ["%d/%m/%Y %I:%M %p EST"],
        "Wed Mar 13 2024 10:00:00 GMT+0530 (India Standard Time)": [
            "%a %b %d %Y %H:%M:%S GMT%z (India Standard Time)"
        ],
        "2024-03-13T10:00:00[Asia/Kolkata]": ["%Y-%m-%dT%H:%M:%S[Asia/Kolkata]"],
    }.items():
        opportunities(lab, column, value, "2024-03-04")
        error = lab.refused()
        named = " or ".join(f'"{rule}"' for rule in rules)
        assert (
            f"'{value}' is a date that is not read without a rule: write \"date_format\": {named} into"
            in error
        )
        assert ("by --source-timezone, see" in error) == value.endswith(("IST", "EST", "[Asia/Kolkata]"))
        right = "2024-03-01" if value.startswith(("1 ", "01")) else "2024-03-13"
        assert stored(lab, column, *mapping(lab, whole_file(date_format=rules[0])))[0].startswith(right)


def test_a_date_of_iso_8601_is_read_beside_any_rule(lab):
    """As the remedy for a time with an offset in a column of days has it."""
    opportunities(lab, "CloseDate", "2024-01-02T23:30:00+05:30", "2024-01-02T23:30:00.000Z", "3/1/2024")
    rules = ["%Y-%m-%dT%H:%M:%S%z", "%m/%d/%Y"]
    assert stored(lab, "CloseDate", *mapping(lab, whole_file(date_format=rules))) == [
        *("2024-01-02", "2024-01-02", "2024-03-01")
    ]


def test_a_complaint_names_the_mend(lab):
    for column, value, mend in (
        ("Amount", "TBD", 'what stands for nothing goes by "values"'),
        ("CloseDate", "soon", 'other dates go by "date_format"'),
        ("CreatedDate", "Jan 5", 'other times go by "date_format"'),
    ):
        opportunities(lab, column, value)
        assert f"{mend}" in lab.refused()
    lab.write("Opportunity.csv", "Id,StageName,IsClosed,IsWon\n006a,New,maybe,false\n")
    assert 'other words for it go by "values" of a mapping, see docs/mapping.md' in lab.refused()
    lab.write("Opportunity.csv", "Id,StageName,IsClosed,IsWon\n006a,New,,false\n")
    assert 'a line that is no record, such as one of totals, goes by "drop"' in lab.refused()


def test_looking_for_the_rule_of_a_date_ends_after_a_few(lab, monkeypatch):
    monkeypatch.setattr("loader.written_values.NAMED_TRIES", 2)
    opportunities(lab, "CloseDate", "x", "1 Mar 2024", "2 Mar 2024")
    error = lab.run().err
    assert error.count("is a date that is not read without a rule") == 1
    assert "'2 Mar 2024' is not an ISO 8601 date" in error


def test_the_other_values_of_the_column_tell_the_order_of_a_date(lab):
    opportunities(lab, "CloseDate", "01/02/2024", "31/01/2024", "", "02/02/2024")
    assert stored(lab, "CloseDate") == ["2024-02-01", "2024-01-31", None, "2024-02-02"]
    opportunities(lab, "CloseDate", "01/02/2024", "01/31/2024")
    assert stored(lab, "CloseDate") == ["2024-01-02", "2024-01-31"]
    opportunities(lab, "CloseDate", "01/02/2024", "01/31/2024", "31/01/2024")
    assert "'01/02/2024' is 2024-01-02 or 2024-02-01" in lab.refused()
    for other in ("31.01.2024", "2024-01-31"):  # a spreadsheet has taken some for dates, with days for months
        opportunities(lab, "CloseDate", "01/02/2024", "31/01/2024", other)
        assert "'01/02/2024' is" in lab.refused()


def test_a_time_with_an_offset_is_a_day_where_it_is_one_in_the_zone_of_the_source(lab):
    for value, rule in {
        "2024-01-31T23:30:00Z": "%Y-%m-%dT%H:%M:%S%z",
        "2024-01-31T23:30:00.458228+00:00": "%Y-%m-%dT%H:%M:%S.%f%z",
        "2024-01-31 23:30:00 +0000": "%Y-%m-%d %H:%M:%S %z",
        "31.01.2024 23:30 +00:00": "%d.%m.%Y %H:%M %z",
    }.items():
        opportunities(lab, "CloseDate", value)
        assert stored(lab, "CloseDate") == ["2024-01-31"]
        error = lab.refused("--source-timezone", "Europe/Berlin", "--accept-timezone")
        assert "is 2024-01-31 as written and 2024-02-01 in Europe/Berlin" in error
        assert f'"date_format": "{rule}"' in error
        options = mapping(lab, whole_file(date_format=rule))
        assert stored(lab, "CloseDate", *options, "--source-timezone", "Europe/Berlin") == ["2024-01-31"]


@pytest.mark.parametrize("column", ["CloseDate", "CreatedDate"])
def test_ten_digits_may_be_seconds_or_a_short_date_and_name_the_rule(lab, column):
    opportunities(lab, column, "1704153600")
    error = lab.refused()
    assert "'1704153600' may be the seconds since 1970" in error
    assert 'the rule "date_format": "epoch"' in error
    assert stored(lab, column, *mapping(lab, whole_file(date_format="epoch")))[0].startswith("2024-01-02")


@pytest.mark.parametrize("column", ["CloseDate", "CreatedDate"])
def test_five_digits_may_be_a_day_of_excel_and_name_the_rule(lab, column):
    values = ("45351", "45351.4375", "45351,43749999999")
    for value in values:
        opportunities(lab, column, value)
        error = lab.refused()
        assert (
            f'\'{value}\' may be a day as Excel counts them: write the rule "date_format": "excel"' in error
        )
    opportunities(lab, column, *values, "61", "2024-02-29")
    assert stored(lab, column, *mapping(lab, whole_file(date_format="excel"))) == (
        ["2024-02-29"] * 3 + ["1900-03-01", "2024-02-29"]
        if column == "CloseDate"
        else [
            *("2024-02-29 00:00:00", "2024-02-29 10:30:00", "2024-02-29 10:30:00"),
            *("1900-03-01 00:00:00", "2024-02-29 00:00:00"),
        ]
    )
    for wrong in ("60", "-1", "1e9", "99999999", "x"):  # before March 1900 Excel counts a day that never was
        opportunities(lab, column, wrong)
        assert f"'{wrong}' is not a date by the rule" in lab.refused(
            *map(str, mapping(lab, whole_file(date_format="excel")))
        )


def test_milliseconds_since_1970_are_a_day_in_the_zone_of_the_source(lab):
    opportunities(lab, "CloseDate", "1704153599000")
    assert stored(lab, "CloseDate") == ["2024-01-01"]
    assert stored(lab, "CloseDate", "--source-timezone", "Europe/Berlin", "--accept-timezone") == [
        "2024-01-02"
    ]


def test_a_value_out_of_range_is_quoted_as_it_stands_in_the_file(lab):
    opportunities(lab, "Amount", "(1.000.000.000.000.000.000.000.000,5)", delimiter=";")
    error = lab.refused(*map(str, mapping(lab, whole_file(decimal=","))))
    assert "column amount: '(1.000.000.000.000.000.000.000.000,5)' is out of range" in error
    lab.write("stages.csv", 'stage_id,stage_name,order_nr\n1,A,"9,999,999,999"\n')
    (lab.folder / "Opportunity.csv").unlink()
    assert "column order_nr: '9,999,999,999' is out of range for integer" in lab.refused()


def test_several_date_formats_are_tried_in_their_order(lab):
    opportunities(lab, "CloseDate", "01/02/2024", "3 Feb 2024", "2024-03-04")
    options = mapping(lab, whole_file(date_format=["%d/%m/%Y", "%d %b %Y"]))
    assert stored(lab, "CloseDate", *options) == ["2024-02-01", "2024-02-03", "2024-03-04"]
    opportunities(lab, "CloseDate", "01/02/2024", "02/13/2024")
    error = lab.refused(*map(str, options))
    assert "Opportunity.csv: 1 of 2 rows rejected" in error
    assert (
        'line 3, column closedate: \'02/13/2024\' is not a date by the rule "date_format": "%d/%m/%Y"'
        in error
    )


# --- exports from the screen --------------------------------------------------------------------------------------

USERS = "id,name,email,modified"


@pytest.mark.parametrize("first", ["sep=;\n", '"sep=;"\r\n', "\N{BYTE ORDER MARK}sep=;\n"])
def test_a_first_line_that_names_the_delimiter_is_none_of_the_data(lab, first):
    lab.write("users.csv", first + USERS.replace(",", ";") + '\n1;"a,b";;\n2;;;\n')
    assert "line 4, column name" in lab.refused()
    lab.write("users.csv", first + USERS.replace(",", ";") + "\n1;a,b;;\n")
    with never_careful():
        lab.loads()
    assert lab.query("select id, name from raw.users") == [("1", "a,b")]


def test_a_header_of_one_column_does_not_show_the_delimiter_that_the_first_line_names(lab):
    lab.write("lost_reasons.csv", "sep=;\nlost_reason\nToo expensive, for now\n")
    lab.loads()
    assert lab.query("select lost_reason from raw.settings_lost_reasons") == [("Too expensive, for now",)]


REPORT = """\
Users of the sales team
"As of 2024-03-01, 10:00"

id,name,email,modified
1,Ann,,
2,Bob,,

"Copyright (c) 2000-2024 salesforce.com, inc. All rights reserved."
Confidential Information - Do Not Distribute
"Acme, Inc.",,,
,,,
"""


def test_titles_and_footers_of_a_report_are_left_out_and_told(lab):
    lab.write("users.csv", REPORT)
    outcome = lab.run()
    assert outcome.status == 0, outcome.err
    assert "users.csv: what stands above line 4 is taken for a title and not loaded" in outcome.err
    assert "users.csv: from line 8 on it is taken for a footer and not loaded: 'Copyright (c)" in outcome.err
    assert lab.query("select id, name from raw.users order by 1") == [("1", "Ann"), ("2", "Bob")]
    assert lab.last_batch()["read"] == 2


def test_a_line_in_a_file_with_a_title_keeps_its_number(lab):
    lab.write("users.csv", REPORT.replace("1,Ann", "\n1,"))
    assert "line 6, column name" in lab.refused()
    columns = {name: name for name in USERS.split(",")}
    options = mapping(lab, {"users.csv": {"load_as": "users.csv", "columns": columns}})
    assert "line 6, column name" in lab.refused(*map(str, options))


# A log, a list whose ids may be texts and a file with rules of its own: both ways of reading.
TOTALS = {
    "users.csv": "id,name,email,modified\n1,Ann,,\nTotal,1\n",
    "deals.csv": "id,stage_id,status,value\n1,1,open,2\nTotal,,,5\n",
    "deal_changes.csv": 'deal_id,change_time,changed_field_key,new_value\n1,2024-01-01,value,5\n,Итого:,,"1,50 €"\n',
    "Opportunity.csv": "Id,StageName,IsClosed,IsWon,Amount\nA,New,false,false,5\n\nSumme,,,,EUR 5\n\nConfidential\n",
}


@pytest.mark.parametrize("name", TOTALS)
def test_a_line_of_totals_at_the_end_is_a_footer(lab, name):
    lab.write(name, TOTALS[name])
    outcome = lab.run()
    assert outcome.status == 0, outcome.err
    assert "is taken for a footer and not loaded" in outcome.err
    assert lab.last_batch()["read"] == 1


@pytest.mark.parametrize(
    "last",
    [
        "Total,1,open,5",  # a deal of a company called so, by a text for an id
        "7,Total,,5",
        "Total,,,5\n2,1,open,5",
    ],
)
def test_what_says_more_than_numbers_or_has_rows_after_it_is_no_total(lab, last):
    lab.write("deals.csv", f"id,stage_id,status,value\n1,1,open,2\n{last}\n")
    outcome = lab.run()
    assert "footer" not in outcome.err
    assert lab.last_batch()["read"] == 2 + last.count("\n")


@pytest.mark.parametrize(("header_end", "row_end"), [("", ","), (",", ""), (",", ",")])
def test_a_delimiter_at_the_end_of_each_line_is_no_field(lab, header_end, row_end):
    header, *rows = "id,name,email,modified", "1,Ann,,", "2,Bob,,"
    lab.write(
        "users.csv", "".join(f"{line}\n" for line in (header + header_end, *(row + row_end for row in rows)))
    )
    assert lab.loads()["read"] == 2
    # A row that lacks a field, and one with a comma too many, are none the less told.
    for wrong in ("3,Cy,", "3,C,y,x,,"):
        lab.write("users.csv", f"{header}{header_end}\n{rows[0]}{row_end}\n{wrong}{row_end}\n")
        assert "fields where the header has" in lab.refused()


@pytest.mark.parametrize("more", ["3,Cy,,\n", "3,Cy\n"])
def test_a_line_of_one_text_with_rows_after_it_is_no_footer(lab, more):
    lab.write("users.csv", REPORT + more)
    assert "line 8: 'Copyright" in lab.refused()


def test_a_row_that_stands_alone_at_the_end_is_no_footer_where_it_is_whole(lab):
    lab.write("Account.csv", "Id,Name\nA,Acme\n\nB,\n")
    assert lab.loads()["read"] == 2


@pytest.mark.parametrize("last", ["5,,,", "DEAL-1,,,", "2024-01-01", "a1@b.example"])
def test_what_may_be_an_id_is_no_footer_though_it_stands_alone(lab, last):
    lab.write("users.csv", f"id,name,email,modified\n1,Ann,,\n\n{last}\n")
    assert "users.csv: 1 of 2 rows rejected (50.00%" in lab.refused()
    lab.write("users.csv", f"id,name,email,modified\n1,Ann,,\n\nTotal,,,\n{last}\n")
    assert lab.loads()["read"] == 1


def test_a_file_without_its_header_is_told_by_its_first_line(lab):
    lab.write("users.csv", "key,title\n" + '1,"open\n' + "2,b\n" * 100)
    assert "users.csv, line 1: the header lacks id, name, email, modified; it has key, title" in lab.refused()


# --- ids of Salesforce --------------------------------------------------------------------------------------------


def test_an_id_of_fifteen_characters_is_the_one_of_eighteen(lab):
    pairs = [("001D000000IRFma", "001D000000IRFmaIAH"), ("0063000000aBcDe", "0063000000aBcDeAAK")]
    others = ["006A", "001234567890123", "ABCDEFGHIJKLMNO", "00Q-1234567890"]
    header = "Id,StageName,IsClosed,IsWon,AccountId\n"
    rows = "".join("{}," + f"New,false,false,{account}\n" for account in (pairs[0][0], *[""] * 5))
    for ids in ([short for short, _ in pairs], [long for _, long in pairs]):
        lab.write("Opportunity.csv", header + rows.format(*ids, *others))
        assert lab.run().status == 0
    assert lab.last_batch()["unchanged"] == 6
    stored_ids = {value for (value,) in lab.query("select id from raw.salesforce_opportunity")}
    assert stored_ids == {*(long for _, long in pairs), *others}
    assert lab.query(
        "select distinct accountid from raw.salesforce_opportunity where accountid is not null"
    ) == [("001D000000IRFmaIAH",)]
    lab.write("Opportunity.csv", header + '"001D000000IRFmaIAH",New,false,false,""\n')
    with never_careful():
        lab.loads("--max-deleted", "1")
