"""Sample settings: sales_quotas and exchange_rates, the values that a company would have to give of its own.

Quotas for every Salesforce owner and calendar quarter, from the year before the Pipedrive sample begins to the year in
which it ends: of each three owners one has the highest, one a middle and one the lowest, and all rise by 10000 a year.
Rates between EUR, GBP and USD, made up like the rest, one from long ago and one a year from 2023.
"""

from collections.abc import Iterable
from pathlib import Path

from sample.draws import FIRST_DAY, Row, write_rows
from sample.salesforce import count_users, identifier

QUOTA = ("crm_source", "owner_id", "quarter", "quota", "currency")
RATE = ("from_currency", "to_currency", "valid_from", "rate")
QUOTAS = (120_000, 80_000, 40_000)  # by third of the owners, in the first year
RATES = {  # from, to: the first rate, and those of 2023, 2024 and 2025
    ("EUR", "USD"): ("1.10", "1.08", "1.09", "1.11"),
    ("GBP", "USD"): ("1.25", "1.24", "1.27", "1.30"),
    ("USD", "EUR"): ("0.91", "0.93", "0.92", "0.90"),
    ("GBP", "EUR"): ("1.14", "1.15", "1.17", "1.17"),
}
RATE_YEARS = (2000, 2023, 2024, 2025)


def quota_rows(users: int, months: int) -> Iterable[Row]:
    yield QUOTA
    first_year, third = FIRST_DAY.year - 1, users // 3
    last_year = FIRST_DAY.year + (FIRST_DAY.month - 1 + months - 1) // 12
    for year in range(first_year, last_year + 1):
        for month in (1, 4, 7, 10):
            for number in range(1, users + 1):
                quota = QUOTAS[min((number - 1) // third, 2)] + 10_000 * (year - first_year)
                yield "salesforce", identifier("005", number), f"{year}-{month:02d}-01", quota, "USD"


def rate_rows() -> Iterable[Row]:
    yield RATE
    for pair, rates in RATES.items():
        for year, rate in zip(RATE_YEARS, rates, strict=True):
            yield *pair, f"{year}-01-01", rate


def write(folder: Path, deals: int, months: int, seed: int) -> dict[str, int]:
    """Write the two files into `folder`. Returns data rows by file name.

    `deals` and `months` are those of the Pipedrive sample. Raises OSError when the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tables = {"sales_quotas.csv": quota_rows(count_users(deals), months), "exchange_rates.csv": rate_rows()}
    return {name: write_rows(folder / name, rows) for name, rows in tables.items()}
