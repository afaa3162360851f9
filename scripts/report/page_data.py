"""What the page is to hold of its data sets, and how small they are kept: pure functions over rows."""

from __future__ import annotations

import json
import string
from collections import defaultdict
from typing import Any

# Beyond these many rows a data set names only its largest owners; the others are added up as one.
MAX_ROWS = 12_000
# Columns that tell rows apart; all others are added up.
KEYS = {
    "crm",
    "month",
    "quarter",
    "is_complete",
    "pipeline_id",
    "owner",
    "step",
    "stage_id",
    "became",
    "reason",
}
OTHERS = "others"
# So many deals the page lists; of more, those are left out that were closed first, and the page says so.
MAX_DEALS = 10_000
# One character for each of 64 places, two for more. None of them is escaped in JSON or means anything in HTML.
CODES = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"

Dataset = dict[str, list[Any]]  # "columns": their names, "rows": lists of values
Datasets = dict[str, Dataset | None]


def fold_owners(data: Dataset, max_rows: int = MAX_ROWS) -> Dataset:
    """Keep the page small: in a data set of more than `max_rows` rows, add up the owners with the fewest rows.

    Every sum over all owners stays what it was; a horizon that is NULL for a whole cohort stays NULL. A deal is no
    figure: rows of deals, and the names of owners, stay as they are.
    """
    columns, rows = data["columns"], data["rows"]
    if "owner" not in columns or {"name", "id", "deal"} & set(columns) or len(rows) <= max_rows:
        return data
    owner = columns.index("owner")
    rows_of: dict[str, int] = defaultdict(int)
    for row in rows:
        rows_of[row[owner]] += 1
    kept, left = set(), max_rows // 2
    for name, count in sorted(rows_of.items(), key=lambda item: (-item[1], item[0])):
        left -= count
        if left < 0:
            break
        kept.add(name)
    keys = [index for index, name in enumerate(columns) if name in KEYS]
    measures = [index for index, name in enumerate(columns) if name not in KEYS]
    added: dict[tuple[Any, ...], list[Any]] = {}
    for found in rows:
        row = list(found)
        row[owner] = row[owner] if row[owner] in kept else OTHERS
        total = added.setdefault(tuple(row[index] for index in keys), row)
        if total is not row:
            for index in measures:
                total[index] = add(total[index], row[index])
    return {"columns": columns, "rows": list(added.values())}


def add(one: Any, other: Any) -> Any:
    """The sum; None counts for nothing beside a number."""
    return one if other is None else other if one is None else one + other


def keep_deals(datasets: Datasets, max_deals: int = MAX_DEALS) -> Datasets:
    """Keep the first `max_deals` deals, the open ones and the last closed, and of the data sets deal_* their rows.

    A deal that only activities name is kept where a step of the funnel counts it. The data set `page` says how many
    deals are left out.
    """
    deals = datasets.get("deals")
    if not deals:
        return datasets
    rows_of = {name: data for name, data in datasets.items() if data and name.startswith("deal_")}
    counted = {(row[0], row[1]) for data in rows_of.values() for row in data["rows"]}
    status = deals["columns"].index("status")
    listed = [row for row in deals["rows"] if row[status] != "unknown" or (row[0], row[1]) in counted]
    kept = listed[:max_deals]
    left_out = [[len(listed) - len(kept)]] if kept else []
    place = {(row[0], row[1]): number for number, row in enumerate(kept)}
    return {
        **datasets,
        **{name: place_deals(data, place) for name, data in rows_of.items()},
        "deals": {**deals, "rows": kept},
        "page": {"columns": ["deals_left_out"], "rows": left_out},
    }


def place_deals(data: Dataset, place: dict[tuple[str, str], int]) -> Dataset:
    """Rows in the order of the deals, and in place of the columns crm and deal the column `after`: how many deals
    further than that of the row before. That takes one character instead of ten; data.js adds it up."""
    if data["columns"][:2] != ["crm", "deal"]:
        raise ValueError(f"rows of deals begin with crm and deal, not with {data['columns'][:2]}")
    found = [(place[row[0], row[1]], row[2:]) for row in data["rows"] if (row[0], row[1]) in place]
    found.sort(key=lambda pair: pair[0])
    before = [0, *(number for number, _ in found)]
    rows = [[number - last, *rest] for last, (number, rest) in zip(before, found, strict=False)]
    return {"columns": ["after", *data["columns"][2:]], "rows": rows}


def embed(datasets: Datasets) -> str:
    """JSON that cannot end the script element it stands in, whatever names the CRM holds."""
    tables = {name: data and pack(data) for name, data in datasets.items()}
    text = to_json(tables)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def to_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True, allow_nan=False)


def pack(data: Dataset) -> dict[str, Any]:
    """A data set by column; where that is shorter, a column as its distinct values (`of`) and the place of each row's
    among them (`at`), a character or two for each."""
    packed: dict[str, Any] = {}
    for index, name in enumerate(data["columns"]):
        values = [row[index] for row in data["rows"]]
        distinct = list(dict.fromkeys(values))
        place = {value: number for number, value in enumerate(distinct)}
        if len(distinct) <= len(CODES):
            at = "".join(CODES[place[value]] for value in values)
        elif len(distinct) <= len(CODES) ** 2:
            at = "".join(CODES[place[value] // 64] + CODES[place[value] % 64] for value in values)
        else:
            packed[name] = values
            continue
        coded = {"of": distinct, "at": at}
        packed[name] = min(coded, values, key=lambda form: len(to_json(form)))
    return packed
