"""Chance and calendar for the sample-data generators.

The committed sample must come out byte for byte on every machine and Python version. So the only source of
chance is `random.Random(seed).random()`, whose sequence Python guarantees, and the only arithmetic is + - * /
and comparison: `math.exp` and friends may differ in the last bit between C libraries, and `choice`, `shuffle`
and `gauss` have changed between Python versions. Skewed quantities come from quantile tables instead.
"""

import csv
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from datetime import date, timedelta
from math import gcd
from pathlib import Path
from random import Random as Generator
from typing import TypeVar

Item = TypeVar("Item")
Random = Callable[[], float]  # random.Random(seed).random: uniform in [0, 1)
Row = tuple[object, ...]

FIRST_DAY = date(2024, 1, 1)
DAY = 86_400
SLACK_DAYS = 1_000  # dates named in the data, such as an expected close, run past its end

# Log-normal quantiles at 0, 5, … 100 %, as multiples of the median; the ends stand for the 0.8 and 99.4 %.
SPREAD_OF_DURATIONS = (  # sigma 0.8
    0.146, 0.268, 0.359, 0.436, 0.51, 0.583, 0.657, 0.735, 0.817, 0.904, 1.0,
    1.106, 1.225, 1.361, 1.521, 1.715, 1.961, 2.291, 2.788, 3.728, 7.461,
)  # fmt: skip
SPREAD_OF_AMOUNTS = (  # sigma 1.1
    0.071, 0.164, 0.244, 0.32, 0.396, 0.476, 0.562, 0.655, 0.757, 0.871, 1.0,
    1.148, 1.321, 1.528, 1.78, 2.1, 2.524, 3.127, 4.095, 6.106, 15.853,
)  # fmt: skip


def stream(seed: int) -> Random:
    """Chance from a seed; what has a seed of its own leaves all else as it is."""
    return Generator(seed).random  # noqa: S311 (chance, not secrecy)


def quantile(table: Sequence[float], share: float) -> float:
    """The value at `share` (0 ≤ share < 1) of a table of evenly spaced quantiles, linear between them."""
    place = share * (len(table) - 1)
    below = int(place)
    return table[below] + (place - below) * (table[below + 1] - table[below])


def pick(random: Random, tickets: Sequence[Item]) -> Item:
    """One of the tickets, each equally likely; weights are made by repeating a ticket."""
    return tickets[int(random() * len(tickets))]


def pick_owner(random: Random, owners: int) -> int:
    """A number from 1 on; the product of two draws favours low ones: in any team a few people own many deals."""
    return 1 + int(random() * (0.4 + 0.6 * random()) * owners)


def scatter(count: int, start: int = 0) -> Callable[[int], int]:
    """A one-to-one map of 0 … count-1 onto itself that looks shuffled and takes no memory.

    Successive numbers land about 0.618 of the range apart, so every stretch of them covers the range evenly.
    """
    step = int(count * 0.6180339887) | 1
    while gcd(step, count) != 1:
        step += 2
    return lambda number: (number * step + start) % count


def pair_words(firsts: str, lasts: str) -> list[str]:
    """Every name of a word of each list, in an order that looks shuffled."""
    pairs = [f"{first} {last}" for first in firsts.split() for last in lasts.split()]
    return [pairs[place] for place in map(scatter(len(pairs)), range(len(pairs)))]


class Calendar:
    """The seconds 0 … end-1 of `months` whole months from the first of a month, and their spelling."""

    def __init__(self, months: int, first_day: date = FIRST_DAY) -> None:
        self.months, self.first_day = months, first_day
        first = first_day.year * 12 + first_day.month - 1
        firsts = [date(month // 12, month % 12 + 1, 1) for month in range(first, first + months + 1)]
        self.month_starts = [(day - first_day).days for day in firsts]
        self.end = self.month_starts[-1] * DAY
        dates = [first_day + timedelta(day) for day in range(self.month_starts[-1] + SLACK_DAYS)]
        self.dates = [day.isoformat() for day in dates]
        self.is_month_end = [(day + timedelta(1)).day == 1 for day in dates]
        self.clock = [f"{s // 3600:02d}:{s // 60 % 60:02d}:{s % 60:02d}" for s in range(DAY)]

    def stamp(self, second: int, separator: str = " ") -> str:
        """`YYYY-MM-DD HH:MM:SS` without an offset, as the exports have it."""
        return f"{self.dates[second // DAY]}{separator}{self.clock[second % DAY]}"

    def stamp_in_utc(self, second: int) -> str:
        """As Salesforce writes it."""
        return self.stamp(second, "T") + ".000Z"

    def month_end(self, day: int) -> int:
        """The last day, as a day number, of the month that holds `day`."""
        while not self.is_month_end[day]:
            day += 1
        return day

    def time_of_day(self, random: Random, day: int) -> int:
        """A second of the given day: mostly office hours (7 to 18), 15 % at any hour.

        On the last day of a month a quarter falls into the last two hours, where UTC and Europe/Berlin
        disagree about the month: people close their month late.
        """
        share = random()
        if self.is_month_end[day] and share < 0.25:
            return int(79_200 + share * 28_800)
        if share < 0.85:
            return int(25_200 + share * 46_500)
        return int((share - 0.85) / 0.15 * DAY) % DAY

    def later(self, random: Random, second: int, days: float) -> int:
        """A moment about `days` days after `second`, always at least five minutes later.

        Beyond the calendar's end it returns a second past the end; callers drop those.
        """
        day = int(second + days * DAY) // DAY
        if day >= self.month_starts[-1]:
            return self.end + day
        moment = day * DAY + self.time_of_day(random, day)
        return moment if moment >= second + 300 else second + 300 + int(random() * 5_000)


class Arrivals:
    """Spreads events over the calendar's months, evenly within a month: by a weight for each month of the year, January
    first, and by a growth per month, of the first month.

    Drawing by month and not by day keeps a short February from looking like a drop.
    """

    def __init__(self, calendar: Calendar, season: Sequence[float], growth: float) -> None:
        self.calendar = calendar
        self.bounds = [0.0]
        for month in range(calendar.months):
            weight = season[(calendar.first_day.month - 1 + month) % 12] * (1 + growth * month)
            self.bounds.append(self.bounds[-1] + weight)

    def at(self, random: Random, share: float) -> int:
        """The second by which `share` (0 ≤ share < 1) of all events have arrived, at a likely time of day."""
        place = share * self.bounds[-1]
        month = min(bisect_right(self.bounds, place) - 1, self.calendar.months - 1)
        within = (place - self.bounds[month]) / (self.bounds[month + 1] - self.bounds[month])
        first, last = self.calendar.month_starts[month], self.calendar.month_starts[month + 1]
        day = min(first + int(within * (last - first)), last - 1)
        return day * DAY + self.calendar.time_of_day(random, day)


class Files(ExitStack):
    """CSV files of a folder, by name and header, written row by row, so that memory does not grow with them. `rows` has
    the number of data rows of each."""

    def __init__(self, folder: Path, headers: Mapping[str, Sequence[str]]) -> None:
        super().__init__()
        self.rows = dict.fromkeys(headers, 0)
        self.writers = {}
        for name, header in headers.items():
            file = self.enter_context((folder / name).open("w", encoding="utf-8", newline=""))
            self.writers[name] = csv.writer(file, lineterminator="\n")
            self.writers[name].writerow(header)

    def put(self, name: str, *row: object) -> int:
        """Write a row; its number."""
        self.writers[name].writerow(row)
        self.rows[name] += 1
        return self.rows[name]


def write_rows(path: Path, rows: Iterable[Row]) -> int:
    """Write a CSV file, header first; the number of its data rows."""
    count = -1
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        for row in rows:
            writer.writerow(row)
            count += 1
    return count
