"""Odd but lawful files get in with a warning; values that no mart could hold are rejected with line and column."""

from __future__ import annotations

import pytest

from support.raw_lab import USERS_HEADER, always_careful, never_careful

OPPORTUNITY = "Id,StageName,IsClosed,IsWon,Amount,Probability,CreatedDate\n"


# --- lawful -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("content", [USERS_HEADER, USERS_HEADER.strip(), USERS_HEADER + "\n\n"])
def test_a_header_alone_is_a_first_load_without_rows(lab, content):
    lab.write("users.csv", content)
    for _ in range(2):
        outcome = lab.run()
        assert outcome.status == 0
        assert "load: warning: users.csv: has no data rows; its table stays empty" in outcome.err
    lab.users("1,Ann,,")
    lab.loads()
    lab.write("users.csv", content)
    assert "users.csv: has no data rows, and a full load would delete everything" in lab.refused()


def test_a_repeated_header_of_an_unused_column_is_a_warning(lab):
    lab.write("users.csv", "id,notes,name,email,Notes,modified\n1,x,Ann,,y,\n")
    with never_careful():
        outcome = lab.run()
    assert outcome.status == 0
    assert (
        "load: warning: users.csv: columns not loaded: notes; funnel_dimensions.csv keeps those that it names\n"
        in outcome.err
    )
    assert "the header names columns that are not loaded more than once: notes\n" in outcome.err
    assert lab.query("select id, name from raw.users") == [("1", "Ann")]
    with always_careful():
        assert lab.loads()["unchanged"] == 1


def test_a_repeated_header_of_a_used_column_is_refused(lab):
    lab.write("users.csv", "id,name,email,modified,notes,Name,notes\n1,Ann,,,x,Bob,y\n")
    assert "line 1: the header names name more than once" in lab.refused()


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("stages.csv", ["stage_id,stage_name", "1,New", "2,Won"]),  # texts alone
        ("users.csv", ['"id","name","email","modified"', '"1","Ann","",""', '"2","Bob","",""']),
        ("stages.csv", ["stage_id;stage_name;order_nr", "1;New;1", "2;Won;2"]),
    ],
)
@pytest.mark.parametrize("mark", ["", "\N{BYTE ORDER MARK}"])
def test_a_header_once_more_is_no_row(lab, name, lines, mark):
    """As where files are put together by cat."""
    header, first, second = lines
    lab.write(name, "\n".join([header, first, mark + header, second, ""]))
    outcome = lab.run()
    assert (outcome.status, lab.last_batch()["new"]) == (0, 2)
    assert f"load: {name}: line 3 is the header once more" in outcome.err
    with always_careful():
        assert lab.loads()["unchanged"] == 2


@pytest.mark.parametrize(
    "total", ["Total,2 users,,", "Grand Totals (2 records),,,", "Total: 2,,,", "Summe,2 EUR,,"]
)
def test_a_line_of_totals_may_say_of_what(lab, total):
    lab.users("1,Ann,,", "2,Bob,,", total)
    outcome = lab.run()
    assert (outcome.status, lab.last_batch()["read"]) == (0, 2)
    assert "from line 4 on it is taken for a footer" in outcome.err
    lab.users("1,Ann,,", "2,Total 2,,")
    assert lab.loads()["changed"] == 1


@pytest.mark.parametrize("nothing", ["0000-00-00", "0000-00-00 00:00:00"])
def test_the_date_that_mysql_has_for_none_is_none(lab, nothing):
    lab.users(f"1,Ann,,{nothing}", "2,Bob,,2024-01-01")
    assert f"1 values such as '{nothing}' are read as missing" in lab.run().err
    assert lab.query("select id, modified is null from raw.users order by 1") == [("1", True), ("2", False)]


@pytest.mark.parametrize(
    "word", ["Yes", "\N{NO-BREAK SPACE}TRUE", "да", "はい", "Có", "ใช่", "Checked", "benar "]
)
def test_true_and_false_are_words_of_many_languages(lab, word):
    lab.write("users.csv", f"id,name,email,modified,active_flag\n1,Ann,,,{word}\n")
    lab.loads()
    assert lab.query("select active_flag from raw.users") == [(True,)]


@pytest.mark.parametrize(
    "blank", ["\N{NO-BREAK SPACE}", "\N{IDEOGRAPHIC SPACE}", "\N{NARROW NO-BREAK SPACE}"]
)
@pytest.mark.parametrize("quote", ["", '"'])
def test_blanks_of_other_scripts_around_a_value_are_none(lab, quote, blank):
    """Or a stage would be another one where a cell was pasted from a web page."""
    for text in (f"{blank}New{blank} ", f"New{blank}", f"{blank}New"):
        lab.empty()
        lab.write("stages.csv", f"stage_id,stage_name\n1,{quote}{text}{quote}\n2,a{blank}b\n")
        lab.loads()
        assert lab.query("select stage_name from raw.stages order by stage_id") == [("New",), (f"a{blank}b",)]


def test_a_header_may_spell_its_names_with_blanks_hyphens_or_none(lab):
    lab.write(
        "deal_changes.csv",
        "deal-id,CHANGE_TIME,changed field-key, NewValue \n1,2024-01-01,status,open\n",
    )
    with never_careful():
        lab.loads()
    assert lab.query("select deal_id, changed_field_key, new_value from raw.deal_changes") == [
        ("1", "status", "open")
    ]


def test_of_two_names_with_the_same_letters_the_exact_one_counts(lab):
    lab.write("users.csv", "ID,i d,Name,email,modified\n1,2,Ann,,\n")
    assert "columns not loaded: i d;" in lab.run().err
    assert lab.query("select id, name from raw.users") == [("1", "Ann")]
    lab.write("users.csv", "I D,i-d,Name,email,modified\n1,2,Ann,,\n")
    assert "line 1: the header lacks id" in lab.refused()


DEALS = "id,status,value,add_time,won_time,lost_reason,is_deleted,owner_id\n"


@pytest.mark.parametrize("marker", ["None", "nan", "NaT", "#n/a", " NA "])
def test_what_stands_for_no_value_is_none_and_told(lab, marker):
    """As databases, spreadsheets and data frames write it: in texts too, where a number, time or id shows it."""
    missing = f"1,open,{marker},2024-01-01,{marker},{marker},{marker},{marker}\n"
    lab.write("deals.csv", DEALS + missing + "2,lost,5,2024-01-01,,Price,False,7\n")
    outcome = lab.run()
    assert outcome.status == 0
    assert f"warning: deals.csv: 5 values such as '{marker.strip()}' are read as missing\n" in outcome.err
    columns = "value, won_time, lost_reason, is_deleted, owner_id"
    assert lab.query(f"select {columns} from raw.pipedrive_deal where id = '1'") == [(None,) * 5]
    lab.write("deals.csv", DEALS + "1,open,,2024-01-01,,,,\n2,lost,5,2024-01-01,,Price,False,7\n")
    assert lab.loads()["unchanged"] == 2


def test_the_null_of_json_is_none_too(lab):
    lab.write("fields.csv", "id,field_key,name,field_value_options\n1,a,A,null\n2,b,B,NULL\n3,c,C,\n")
    assert "warning: fields.csv: 2 values such as 'null' are read as missing" in lab.run().err
    rows = lab.query("select field_value_options::text from raw.fields order by id")
    assert rows == [(None,)] * 3


def test_a_text_is_what_it_says_where_no_number_is_missing_like_that(lab):
    lab.write("deals.csv", DEALS + "1,lost,5,2024-01-01,,None,no ,7\n2,None,NULL,2024-01-01,,n/a,False,7\n")
    assert lab.run().status == 0
    rows = lab.query("select status, value, lost_reason from raw.pipedrive_deal order by id")
    assert rows == [("lost", 5, "None"), ("None", None, "n/a")]


def test_what_stands_for_no_value_is_refused_where_a_value_must_be(lab):
    lab.write("deals.csv", DEALS + "NULL,open,5,2024-01-01,,,,7\n")
    assert "line 2, column id: 'NULL' is no id but stands for a missing one" in lab.refused()


@pytest.mark.parametrize("footer", ["Rows: 5", "Rows,5", '"5 rows, exported by A. User"', ";;;;;"])
def test_a_footer_within_the_allowed_rejects_is_a_warning(lab, footer):
    lab.users(*(f"{number},Name,," for number in range(5)), footer)
    assert "1 of 6 rows rejected" in lab.refused()
    for _ in range(2):
        outcome = lab.run("--max-rejects", "0.2")
        assert outcome.status == 0
        assert "load: warning: users.csv: 1 of 6 rows rejected; they are in raw.rejected_rows" in outcome.err
    assert lab.query("select count(*), bool_or(_is_deleted) from raw.users") == [(5, False)]


# File → its columns, what a row holds, and those without which it is about no deal.
ABOUT_A_DEAL = {
    "activity.csv": (
        "activity_id,type,assigned_to_user,deal_id,done,due_to",
        "{n},call,1,{deal},True,2024-01-01",
        1,
    ),
    "hubspot_engagements.csv": ("engagement_id,deal_id,type,timestamp", "{n},{deal},CALL,2024-01-01", 1),
    "hubspot_line_items.csv": ("line_item_id,deal_id,name", "{n},{deal},Starter", 1),
    "hubspot_deal_contacts.csv": ("deal_id,contact_id", "{deal},{contact}", 2),
}


@pytest.mark.parametrize("name", ABOUT_A_DEAL)
def test_a_row_about_no_deal_is_left_out_and_told(lab, name):
    header, row, needed = ABOUT_A_DEAL[name]
    lacking = [("", "9"), (" ", "9"), ("7", "")][: needed + 1]
    rows = [("7", "1"), *lacking, ("8", "2")]
    lines = [header, *(row.format(n=n, deal=deal, contact=contact) for n, (deal, contact) in enumerate(rows))]
    lab.write(name, "\n".join(lines))
    for new in (2, 0):
        outcome = lab.run()
        assert outcome.status == 0, outcome.err
        assert (
            f"load: {name}: 2 of {len(rows)} rows have no deal_id, so they are about no deal; they are left out\n"
            in outcome.err
        )
        assert ("1 of 3 rows have no contact_id" in outcome.err) == (needed == 2)
        batch = lab.last_batch()
        assert (batch["read"], batch["new"], batch["rejected"]) == (2, new, 0)
    # What is wrong besides is told as ever, and all of it together is an export without rows.
    lab.write(name, "\n".join([*lines, row.format(n="1.5", deal="1.5", contact="1.5")]))
    assert "1 of 3 rows rejected" in lab.refused()
    lab.write(name, "\n".join([header, lines[2]]))
    assert "has no data rows, and a full load would delete everything" in lab.refused()


def test_every_file_of_what_is_done_for_deals_may_hold_rows_about_none(lab):
    known = lab.query("select file_name from raw.files where left_out_without <> '{}'")
    assert {name for (name,) in known} == set(ABOUT_A_DEAL)


def test_dates_that_cannot_be_are_loaded(lab):
    lab.write(
        "Opportunity.csv",
        OPPORTUNITY + "006A,New,false,false,1,10,0024-05-01T00:00:00Z\n006B,New,false,false,,,9999-12-31\n",
    )
    with never_careful():
        lab.loads()
    assert lab.query("select createddate::date::text from raw.salesforce_opportunity order by id") == [
        ("0024-05-01",),
        ("9999-12-31",),
    ]


# --- values that no mart could hold -------------------------------------------------------------------------------

BEYOND = [
    ("Opportunity.csv", OPPORTUNITY, "006{n},New,false,false,{value},,", "amount", "1e17"),
    ("Opportunity.csv", OPPORTUNITY, "006{n},New,false,false,{value},,", "amount", "-10000000000000000"),
    ("Opportunity.csv", OPPORTUNITY, "006{n},New,false,false,,{value},", "probability", "1000000"),
    (
        "OpportunityHistory.csv",
        "Id,OpportunityId,StageName,CreatedDate,Amount\n",
        "{n},6,New,2024-01-01,{value}",
        "amount",
        "100000000000000000",
    ),
    (
        "OpportunityHistory.csv",
        "Id,OpportunityId,StageName,CreatedDate,Probability\n",
        "{n},6,New,2024-01-01,{value}",
        "probability",
        "1e6",
    ),
    (
        "OpportunityStage.csv",
        "ApiName,SortOrder,IsClosed,IsWon,DefaultProbability\n",
        "{n},1,false,false,{value}",
        "defaultprobability",
        "1e300",
    ),
    ("Account.csv", "Id,AnnualRevenue\n", "{n},{value}", "annualrevenue", "1e17"),
    ("Campaign.csv", "Id,ActualCost\n", "{n},{value}", "actualcost", "1e17"),
    (
        "stages.csv",
        "stage_id,stage_name,deal_probability\n",
        "{n},New,{value}",
        "deal_probability",
        "1000000",
    ),
    *(
        (
            "ad_spend.csv",
            "date,campaign_id,channel,utm_source,utm_campaign,spend_usd,clicks,impressions\n",
            line,
            column,
            "9" * 18,
        )
        for line, column in (
            ("2024-01-01,{n},,,,{value},,", "spend_usd"),
            ("2024-01-01,{n},,,,,{value},", "clicks"),
            ("2024-01-01,{n},,,,,,{value}", "impressions"),
        )
    ),
    *(
        (
            "web_analytics.csv",
            "session_id,user_id,session_date,landing_page,utm_source,utm_campaign,pageviews,conversions\n",
            line,
            column,
            "9" * 18,
        )
        for line, column in (
            ("{n},,2024-01-01,,,,{value},", "pageviews"),
            ("{n},,2024-01-01,,,,,{value}", "conversions"),
        )
    ),
]


@pytest.mark.parametrize(
    ("name", "header", "line", "column", "value"),
    BEYOND,
    ids=[f"{row[0]} {row[3]} {row[4]}" for row in BEYOND],
)
def test_a_value_that_no_mart_can_hold_is_rejected_with_its_place(lab, name, header, line, column, value):
    rows = [line.format(n=1, value="1"), line.format(n=2, value=value), line.format(n=3, value="")]
    lab.write(name, header + "\n".join(rows) + "\n")
    error = lab.refused()
    assert f"line 3, column {column}: '{value}' is out of range: the marts hold up to 9" in error
    batch = lab.loads("--max-rejects", "0.5")
    assert (batch["new"], batch["rejected"]) == (2, 1)


def test_the_largest_values_that_a_mart_can_hold_are_loaded(lab):
    lab.write(
        "Opportunity.csv",
        OPPORTUNITY
        + "006A,New,false,false,9999999999999999,99999,\n006B,New,false,false,-9999999999999999,-99999,\n",
    )
    with never_careful():
        assert lab.loads()["new"] == 2


def test_every_number_that_is_measured_has_a_limit(lab):
    without = lab.query(
        "select attrelid::regclass::text, attname from pg_attribute"
        " inner join raw.files on attrelid = to_regclass('raw.' || table_name)"
        " where atttypid = 'numeric'::regtype and not exists ("
        " select from pg_constraint where conrelid = attrelid and contype = 'c' and conkey = array[attnum])"
    )
    assert without == []


OPPORTUNITIES = "Id,StageName,IsClosed,IsWon,Amount,CurrencyIsoCode"


@pytest.mark.parametrize("mode", ["full", "delta"])
@pytest.mark.parametrize("way", [always_careful, never_careful])
def test_what_a_later_file_has_no_column_for_stays_and_is_told(lab, mode, way):
    lab.write(
        "Opportunity.csv", f"{OPPORTUNITIES}\n006a,New,false,false,10,EUR\n006b,New,false,false,20,EUR\n"
    )
    assert "has no column" not in lab.run().err
    short = OPPORTUNITIES.removesuffix(",Amount,CurrencyIsoCode")
    lab.write(
        "Opportunity.csv",
        f"{short},Probability\n006a,New,false,false,5\n006b,New,false,false,\n006c,New,false,false,\n",
    )
    for _ in range(2):
        with way():
            outcome = lab.run("--mode", mode)
        assert outcome.status == 0
        assert (
            "Opportunity.csv: has no column amount, currencyisocode, though earlier files had" in outcome.err
        )
        assert lab.query(
            "select id, amount, currencyisocode, probability from raw.salesforce_opportunity order by id, _version"
        ) == [
            ("006a", 10, "EUR", None),
            ("006a", 10, "EUR", 5),
            ("006b", 20, "EUR", None),
            ("006c", None, None, None),
        ]


def test_a_column_that_is_there_and_empty_empties_and_one_that_marks_deletions_may_be_missing(lab):
    lab.write("Opportunity.csv", f"{OPPORTUNITIES},IsDeleted\n006a,New,false,false,10,EUR,true\n")
    lab.loads()
    lab.write("Opportunity.csv", f"{OPPORTUNITIES}\n006a,New,false,false,,EUR\n")
    assert "has no column" not in lab.run().err
    assert lab.query("select amount, isdeleted from raw.salesforce_opportunity where _version = 2") == [
        (None, None)
    ]
