"""A file of settings among the exports: loaded like any other, always whole, and as small as its user likes."""

from __future__ import annotations

import pytest

from support.raw_lab import USERS_HEADER, Lab

RATES = "from_currency,to_currency,valid_from,rate\n"
EURO, POUND = "EUR,USD,2024-01-01,1.09\n", "GBP,USD,2024-01-01,1.27\n"


def rates(lab: Lab) -> list[tuple]:
    """(currency, rate, version, whether gone), of every version."""
    return [
        (currency, str(rate), version, is_gone)
        for currency, rate, version, is_gone in lab.versions(
            "settings_exchange_rates", "from_currency", "rate"
        )
    ]


def test_every_version_is_kept_and_a_file_may_lose_most_of_its_rows(lab):
    lab.write("exchange_rates.csv", RATES + EURO + POUND + "CHF,USD,2024-01-01,1.1\n")
    assert lab.loads()["new"] == 3
    lab.write("exchange_rates.csv", RATES + EURO.replace("1.09", "1.2"))
    assert lab.loads() == {"read": 1, "new": 0, "changed": 1, "deleted": 2, "unchanged": 0, "rejected": 0}
    assert rates(lab) == [
        ("CHF", "1.1", 1, False),
        ("CHF", "1.1", 2, True),
        ("EUR", "1.09", 1, False),
        ("EUR", "1.2", 2, False),
        ("GBP", "1.27", 1, False),
        ("GBP", "1.27", 2, True),
    ]


def test_a_header_alone_says_that_the_seed_counts_again(lab):
    lab.write("exchange_rates.csv", RATES)
    outcome = lab.run()
    assert outcome.status == 0, outcome.err
    assert "exchange_rates.csv: has no data rows" in outcome.err
    assert "warning" not in outcome.err
    lab.write("exchange_rates.csv", RATES + EURO)
    lab.loads()
    lab.write("exchange_rates.csv", RATES)
    assert lab.loads()["deleted"] == 1
    assert lab.loads()["deleted"] == 0


def test_a_file_without_even_a_header_is_refused(lab):
    lab.write("exchange_rates.csv", "")
    assert "exchange_rates.csv: is empty" in lab.refused()


def test_a_file_is_whole_in_a_delta_load_too(lab):
    lab.write("exchange_rates.csv", RATES + EURO + POUND)
    lab.loads()
    lab.write("exchange_rates.csv", RATES + POUND)
    lab.users("1,Ann,,")
    lab.run("--mode", "delta")
    assert rates(lab)[1] == ("EUR", "1.09", 2, True)
    modes = lab.query("select file_name, mode from raw.load_batches order by batch_id desc limit 2")
    assert sorted(modes) == [("exchange_rates.csv", "full"), ("users.csv", "delta")]


def test_two_files_of_one_setting_are_refused_in_either_mode(lab):
    lab.write("mine/exchange_rates.csv", RATES + EURO)
    lab.write("yours/exchange_rates.csv", RATES + POUND)
    for mode in ("full", "delta"):
        assert "a file of settings is always whole; leave out all but one" in lab.refused("--mode", mode)


def test_a_folder_without_the_file_changes_nothing_and_is_not_warned_of(lab):
    settings = lab.write("exchange_rates.csv", RATES + EURO)
    lab.users("1,Ann,,")
    lab.loads()
    settings.unlink()
    outcome = lab.run()
    assert (outcome.status, outcome.err) == (0, "")
    assert rates(lab) == [("EUR", "1.09", 1, False)]


def test_settings_loaded_alone_do_not_ask_for_the_rest_of_the_folder(lab):
    lab.write("exchange_rates.csv", RATES + EURO)
    (lab.folder / "users.csv").write_text(USERS_HEADER + "1,Ann,,\n")
    lab.loads()
    (lab.folder / "users.csv").unlink()
    outcome = lab.run()
    assert (outcome.status, outcome.err) == (0, "")


def test_going_back_to_an_earlier_file_is_no_warning(lab):
    for line in (EURO, EURO.replace("1.09", "1.5"), EURO):
        lab.write("exchange_rates.csv", RATES + line)
        outcome = lab.run()
        assert (outcome.status, outcome.err) == (0, "")
    assert rates(lab)[-1] == ("EUR", "1.5", 2, False)
    assert len(rates(lab)) == 3


def test_a_setting_of_a_former_name_is_refused_with_the_name_of_its_successor(lab):
    lab.write("mine/executive_thresholds.csv", "metric,is_risk_below\noverdue_share,false\n")
    lab.users("1,Ann,,")
    expected = "executive_thresholds.csv: its rows belong in alert_thresholds.csv now, see docs/settings.md"
    assert expected in lab.refused()
    assert expected in lab.refused(path=lab.folder / "mine/executive_thresholds.csv")


BAD = {
    "a rate that is none": ("exchange_rates.csv", RATES + EURO + "GBP,USD,2024-01-01,cheap\n", "line 3, column rate"),
    "a rate of nothing": ("exchange_rates.csv", RATES + "EUR,USD,2024-01-01,0\n", "line 2, column rate"),
    "a date as a spreadsheet writes it": (
        "exchange_rates.csv",
        RATES + "EUR,USD,01/02/2024,1.09\n",
        "line 2, column valid_from",
    ),
    "two rates of one day": ("exchange_rates.csv", RATES + EURO + EURO.replace("1.09", "1.1"), "line 3"),
    "an event that is none": (
        "funnel_steps.csv",
        "pipeline_id,step_order,funnel_step,kpi_name,event_type,source_value\n1,1,1,New,call,1\n",
        "line 2, column event_type: 'call' is none of stage, activity, outcome",
    ),
    "an address without the deal's id": (
        "deal_urls.csv",
        "crm_source,url\npipedrive,https://example.com/deal/\n",
        "line 2, column url",
    ),
    "an address that is a script": (
        "deal_urls.csv",
        "crm_source,url\npipedrive,javascript:alert({id})\n",
        "line 2, column url",
    ),
    "a quota without an owner": (
        "sales_quotas.csv",
        "crm_source,owner_id,quarter,quota,currency\nsalesforce,,2024-01-01,5,USD\n",
        "line 2, column owner_id",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_row_is_named_by_file_and_line_and_nothing_is_loaded(lab, kind):
    name, text, place = BAD[kind]
    lab.write(name, text)
    error = lab.refused()
    assert name in error
    assert place in error


def test_a_header_that_lacks_a_column_is_refused(lab):
    lab.write("sales_quotas.csv", "crm_source,owner_id,quarter,quota\nsalesforce,1,2024-01-01,5\n")
    assert "the header lacks currency" in lab.refused()
