"""Sentences of the first screen, made from the exports in plain Python: nothing of the models or of the page.

For logs of Pipedrive, and for histories and lists of Salesforce: what the default pipeline's cards on entries, losses
and owners, and the tiles on what was won and what is open, must say. What takes more than a page of code to count
(forecast, medians, health, slippage, moves, channels) is not here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from support.replayed_exports import Deal, Export, read

MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
LEAST = 10  # the var min_sample
RIPE = timedelta(days=90)  # the third of the setting conversion_horizons


def add_months(month: str, number: int) -> str:
    index = 12 * int(month[:4]) + int(month[5:]) - 1 + number
    return f"{index // 12}-{index % 12 + 1:02}"


def last_day_of(month: str) -> date:
    return date.fromisoformat(add_months(month, 1) + "-01") - timedelta(days=1)


def between(first: str, last: str) -> Iterator[str]:
    while first <= last:
        yield first
        first = add_months(first, 1)


def name_of(first: str, last: str | None = None) -> str:
    def one(month: str) -> str:
        return f"{MONTHS[int(month[5:]) - 1]} {month[:4]}"

    if last is None or first == last:
        return one(first)
    if first[:4] == last[:4]:
        return f"{MONTHS[int(first[5:]) - 1]}\u2013{one(last)}"
    return f"{one(first)} \u2013 {one(last)}"


def share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %"


def money(value: float) -> str:
    """1234567 -> 1.2M USD."""
    for limit, unit in ((1e6, "M"), (1e3, "K")):
        if value >= limit:
            return f"{value / limit + 1e-9:.1f}".removesuffix(".0") + f"{unit} USD"
    return f"{value:.0f} USD"


def plural(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def find_period(export: Export) -> tuple[str, str]:
    """The first and last month that the page opens on."""
    months = [
        month
        for month in between(export.first_month, f"{export.last_day:%Y-%m}")
        if last_day_of(month) <= export.last_day
    ]
    first = next(iter(export.stages))
    entered = Counter(next((v.month for v in deal.visits if v.stage == first), "") for deal in export.deals)

    def is_typical(place: int) -> bool:
        before = [entered[month] for month in months[max(0, place - 6) : place]]
        return entered[months[place]] > 0 and entered[months[place]] >= (median(before) if before else 0) / 2

    last = next((months[place] for place in reversed(range(len(months))) if is_typical(place)), months[-1])
    return max(add_months(last, -11), export.first_month), last


def make_sentences(export: Export, rates: list[dict[str, str]]) -> dict[str, Any]:
    """{"period": sentence, "tiles": {tile: sentence}, "cards": …}; in a sentence … stands for what is not made here."""
    first, last = find_period(export)
    quarter = max(f"{last[:4]}-{(int(last[5:]) - 1) // 3 * 3 + 1:02}", export.first_month)
    funnel, leak = say_funnel(export, first, last)
    cards = {"funnel": funnel, "fate": say_fate(export, first, last), "trend": say_trend(export, last)}
    cards |= {"cohorts": say_cohorts(export, first, last), "reps": say_owners(export, first, last)}
    cards |= say_losses(export, first, last)
    tiles = {"leak": leak}
    if export.has_wins:
        cards["created"] = say_created(export, first, last)
        won, lost = (
            sum(closed_in(deal, quarter, last, which) for deal in export.deals) for which in ("won", "lost")
        )
        tiles["win-rate"] = share(won, won + lost)
    if export.has_wins:
        value = {id(deal): convert(deal, rates) for deal in export.deals}
        tiles["revenue"] = money(
            sum(value[id(d)] for d in export.deals if closed_in(d, quarter, last, "won"))
        )
        year = [deal for deal in export.deals if closed_in(deal, first, last, "won")]
        cards["won"] = (
            f"{money(sum(value[id(d)] for d in year))} from {plural(len(year), 'win')} in {name_of(first, last)}\u2026"
        )
        ahead = add_months(f"{export.last_day:%Y-%m}", 1)
        ago = add_months(ahead, -12)
        then = money(sum(value[id(deal)] for deal in export.deals if closed_in(deal, ago, ago, "won")))
        cards["forecast"] = (
            f"\u2026 USD expected in {name_of(ahead)}, \u2026; {name_of(ago)} brought {then.removesuffix(' USD')}."
        )
        if last_day_of(last) == export.last_day:
            opened = [deal for deal in export.deals if deal.status == "open"]
            tiles["open"] = money(sum(value[id(deal)] for deal in opened))
            cards["open"] = (
                f"{tiles['open']} in {plural(len(opened), 'deal')} open at the end of {name_of(last)}\u2026"
            )
    period = f"{name_of(first, last)}. The first row shows {name_of(quarter, last)} and the end of {name_of(last)}."
    if last_day_of(add_months(last, 1)) <= export.last_day:
        period += " Few deals or none began in the months after that."
    return {"period": period, "tiles": tiles, "cards": cards}


def convert(deal: Deal, rates: list[dict[str, str]]) -> float:
    """In USD, at the rate of the day of creation; nothing where there is no rate."""
    if deal.value is None or deal.currency in ("", "USD"):
        return deal.value or 0
    found = [
        float(row["rate"])
        for row in sorted(rates, key=lambda row: row["valid_from"])
        if (row["from_currency"], row["to_currency"]) == (deal.currency, "USD")
        and row["valid_from"] <= deal.created
    ]
    return deal.value * found[-1] if found else 0


def closed_in(deal: Deal, first: str, last: str, which: str) -> bool:
    return deal.status == which and first <= deal.outcomes[-1].month <= last


def list_cohorts(export: Export, months: Iterable[str]) -> list[int]:
    """How far each deal got that began in these months: the place of its furthest stage."""
    place, chosen = {stage: number for number, stage in enumerate(export.stages)}, set(months)
    own = [[visit for visit in deal.visits if visit.stage in place] for deal in export.deals]
    return [
        max(place[visit.stage] for visit in visits) for visits in own if visits and visits[0].month in chosen
    ]


def say_funnel(export: Export, first: str, last: str) -> tuple[str, str]:
    names = list(export.stages.values())
    ripe = [
        month
        for month in between(first, last)
        if last_day_of(month) + RIPE <= export.last_day and list_cohorts(export, [month])
    ] or list(between(first, last))
    got = list_cohorts(export, ripe)
    reached = [sum(place >= step for place in got) for step in range(len(names))]
    leaks = [
        (now / before, name)
        for before, now, name in zip(reached, reached[1:], names[1:], strict=False)
        if before >= LEAST > 0
    ]
    rate, leak = min((one for one in leaks if one[0] < 1), key=lambda one: one[0])
    end = f"{reached[-1]:,} ({share(reached[-1], reached[0])})" if reached[-1] else "none"
    began = f"Of {plural(reached[0], 'deal')} that began {name_of(ripe[0], ripe[-1])}, {end} got as far as {names[-1]}"
    return f"{began}; the biggest leak is before {leak}, where {100 * rate:.1f} % get on.", leak


def say_fate(export: Export, first: str, last: str) -> str:
    lost = {}
    for stage, name in export.stages.items():
        became = [
            v.became
            for deal in export.deals
            for v in deal.visits
            if v.stage == stage and first <= v.month <= last
        ]
        if len(became) >= LEAST:
            lost[name] = became.count("lost") / len(became)
    worst = max(lost, key=lambda name: lost[name])
    return (
        f"Of the entries to {worst}, {100 * lost[worst]:.1f} % ended in a loss: more than in any other stage."
    )


def say_trend(export: Export, last: str) -> str:
    first, name = next(iter(export.stages.items()))
    entered = Counter(next((v.month for v in deal.visits if v.stage == first), "") for deal in export.deals)
    before = add_months(last, -12)
    known = min(v.month for deal in export.deals for v in deal.visits) <= before
    now = f"{plural(entered[last], 'deal')} entered {name} in {name_of(last)}"
    return now + (f", {entered[before]:,} in {name_of(before)}." if known else ".")


def say_cohorts(export: Export, first: str, last: str) -> str:
    names = list(export.stages.values())
    now = list_cohorts(export, between(first, last))
    then = list_cohorts(export, between(add_months(first, -12), add_months(last, -12)))
    known = min(v.month for deal in export.deals for v in deal.visits) <= add_months(first, -12)
    told = [share(sum(place >= 1 for place in got), len(got)) for got in (now, then) if got]
    return f"{told[0]} of {plural(len(now), 'deal')} got from {names[0]} to {names[1]}" + (
        f", {told[1]} of {len(then):,} a year before." if known and then else "."
    )


def say_losses(export: Export, first: str, last: str) -> dict[str, str]:
    lost = [
        one
        for deal in export.deals
        for one in deal.outcomes
        if one.which == "lost" and one.stage in export.stages and first <= one.month <= last
    ]
    stages = Counter(one.stage for one in lost)
    worst = max(export.stages, key=lambda stage: stages[stage])
    losses, name = plural(len(lost), "loss", "losses"), export.stages[worst]
    part = f"{stages[worst]:,} of {losses} ({share(stages[worst], len(lost))})"
    said = {"loss-stages": f"{name[0].upper()}{name[1:]} loses the most: {part}."}
    reasons = Counter(one.reason for one in lost if one.reason != "Unknown")
    if not reasons:
        where = f"{plural(len(lost), 'deal')} were lost in {name_of(first, last)}."
        return said | {"losses": f"Lost reasons are not in this export. {where}"}
    [(reason, number)] = reasons.most_common(1)
    places = Counter(one.stage for one in lost if one.reason == reason)
    most = export.stages[max(places, key=lambda stage: places[stage])]
    part, told = share(number, len(lost)), export.reasons[reason]
    return said | {"losses": f"Of {losses}, {part} are for \u201c{told}\u201d, most often in {most}."}


def say_owners(export: Export, first: str, last: str) -> str:
    """Who is masked on the page."""
    if export.has_wins:
        won = [
            o.owner
            for deal in export.deals
            for o in deal.outcomes
            if o.which == "won" and first <= o.month <= last
        ]
        # Salesforce keeps in another history who owned an opportunity.
        most = plural(Counter(won).most_common(1)[0][1], "deal") if any(won) else "\u2026"
        return f"\u2026 won the most: {most} of {plural(len(won), 'win')}."
    begun = [
        deal.visits[0].owner for deal in export.deals if deal.visits and first <= deal.visits[0].month <= last
    ]
    return (
        f"\u2026 started the most: {plural(Counter(begun).most_common(1)[0][1], 'deal')} of {len(begun):,}."
    )


def say_opportunities(path: Path, ads: Path) -> dict[str, Any]:
    """Of a list without a history: what is open and what was won, by the month of creation, and what was spent."""
    deals = read(path)
    first, last = min(row["created_date"] for row in deals)[:7], max(row["created_date"] for row in deals)
    last = last[:7] if last == f"{last_day_of(last[:7])}" else add_months(last[:7], -1)
    now = [row for row in deals if row["created_date"][:7] <= last]
    stages = Counter(row["stage"] for row in now)
    opened = len(now) - stages["Closed Won"] - stages["Closed Lost"]
    amount = sum(float(row["amount_usd"] or 0) for row in now if not row["stage"].startswith("Closed"))
    spent = sum(float(row["spend_usd"] or 0) for row in read(ads) if first <= row["date"][:7] <= last)
    created = f"Of {plural(len(now), 'deal')} created, {share(stages['Closed Won'], len(now))} are won"
    return {
        "tiles": {"open": money(amount)},
        "cards": {
            "created": f"{created}, {share(opened, len(now))} still open.",
            "open": f"{money(amount)} in {plural(opened, 'deal')} open at the end of {name_of(last)}.",
            "channels": f"{money(spent)} spent; \u2026",
        },
    }


def say_created(export: Export, first: str, last: str) -> str:
    now = [deal.status for deal in export.deals if first <= deal.created[:7] <= last]
    then = sum(add_months(first, -12) <= deal.created[:7] <= add_months(last, -12) for deal in export.deals)
    known = min(deal.created[:7] for deal in export.deals) <= add_months(first, -12)
    said = f"Of {plural(len(now), 'deal')} created, {share(now.count('won'), len(now))} are won, "
    return f"{said}{share(now.count('open'), len(now))} still open." + (
        f" A year before, {plural(then, 'deal')} were created." if known else ""
    )
