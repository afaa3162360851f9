"use strict";
// What was won, what is open, and what moved it.

const NO_WINS = "Open deals cannot be told from won ones.";

function wonCard(view) {
  const missing = lacking(view, "wins", "win_dates");
  if (missing) return { empty: missing };
  const isMoney = !lacking(view, "amounts"),
    of = month => {
      const found = closings(view, [month]);
      return isMoney ? found.amount || 0 : found.won;
    };
  const back = comparedWith(view),
    has = month => hasMonth(view, "closings", month),
    write = value => (isMoney ? shortMoney(value, AS_OF.currency) : plural(value, "win"));
  const values = view.months.map(of),
    before = view.months.map(month => (has(back(month)) ? of(back(month)) : null));
  const all = closings(view, view.months),
    then = view.months.map(back);
  if (!all.won) return { empty: `No deal was won in ${view.range}.` };
  const total = isMoney ? all.amount || 0 : all.won,
    beforeIsKnown = before.some(value => value != null),
    earlier = before.every(value => value != null) ? before.reduce((a, b) => a + b, 0) : null;
  const pick = month => pickClosed(view, [month], `Won in ${monthName(month)}`, status => status === "won");
  return {
    answer:
      `${write(total)} ${isMoney ? `from ${plural(all.won, "win")}` : ""} in ${view.range}`.replace("  ", " ") +
      (earlier
        ? `, ${relative(total / earlier - 1)} on ${rangeName(then[0], then.at(-1))}.`
        : beforeIsKnown
          ? `; ${rangeName(then[0], then.at(-1))} is known in part only.`
          : "; there is nothing to compare it with."),
    chart: {
      kind: "columns",
      labels: view.months,
      isMonths: true,
      unit: isMoney ? AS_OF.currency : "Wins",
      series: [{ name: isMoney ? "Won revenue" : "Wins", tone: "won", values, picks: view.months.map(pick) }],
      line: beforeIsKnown ? { name: comparisonName(view), tone: "muted", values: before } : null,
    },
    summary:
      "Won by month: " +
      view.months.map((month, index) => `${monthName(month)} ${write(values[index])}`).join(", ") +
      ".",
    table: {
      head: ["Closed in", "Wins", ...(isMoney ? [`Won, ${AS_OF.currency}`] : []), comparisonName(view)],
      rows: view.months.map((month, index) => [
        monthName(month),
        counted(closings(view, [month]).won, pick(month)),
        ...(isMoney ? [cell(values[index], money(values[index]))] : []),
        before[index] == null ? "not known" : cell(before[index], money(before[index])),
      ]),
    },
    note: sentences(
      "By the CRM's own closing date.",
      !isMoney && lacking(view, "amounts"),
      all.missing && isMoney && `${plural(all.missing, "win")} without an amount in a known currency count as none.`,
    ),
  };
}

function openCard(view) {
  if (lacking(view, "wins")) return { empty: `${lacking(view, "wins")} ${NO_WINS}` };
  const months = knownMonths(view, "open_pipeline"),
    groups = groupBy(view.select("open_pipeline", "owner"), "month");
  if (!months.some(month => sum(rowsOf(groups, month), "deals")))
    return { empty: "No deal was open at any of these month ends." };
  const back = comparedWith(view),
    has = month => hasMonth(view, "open_pipeline", month),
    at = (month, column) => sum(rowsOf(groups, month), column);
  const isMoney = months.some(month => at(month, "amount")),
    measure = isMoney ? "amount" : "deals",
    unit = isMoney ? AS_OF.currency : "Deals";
  const write = value => (isMoney ? shortMoney(value, AS_OF.currency) : plural(value, "deal")),
    last = months.at(-1);
  const columns = isMoney ? ["deals", "amount", "weighted", "overdue"] : ["deals", "overdue"];
  const titles = {
    deals: "Deals",
    amount: `Amount, ${AS_OF.currency}`,
    weighted: `Weighted, ${AS_OF.currency}`,
    overdue: "Past their close date",
  };
  const pick = month => pickOpen(view, month, `Open at the end of ${monthName(month)}`);
  const picks = {
    deals: pick,
    overdue: month =>
      pickOpen(view, month, `Open past their close date at the end of ${monthName(month)}`, row => row.overdue),
  };
  return {
    answer:
      `${write(at(last, measure))} ${isMoney ? `in ${plural(at(last, "deals"), "deal")} ` : ""}open at the ` +
      `end of ${monthName(last)}` +
      (has(back(last)) ? `, ${write(at(back(last), measure))} at the end of ${monthName(back(last))}.` : "."),
    chart: {
      kind: "lines",
      labels: months,
      unit,
      series: [
        {
          name: isMoney ? "Open amount" : "Open deals",
          tone: "accent",
          values: months.map(month => at(month, measure)),
          area: true,
          tips: months.map(
            month => `${monthName(month)}: ${write(at(month, measure))}, ${plural(at(month, "deals"), "deal")}`,
          ),
          picks: months.map(pick),
        },
        ...(isMoney
          ? [{ name: "Weighted by probability", tone: "open", values: months.map(month => at(month, "weighted")) }]
          : []),
        ...(months.some(month => has(back(month)))
          ? [
              {
                name: comparisonName(view),
                tone: "muted",
                dash: true,
                values: months.map(month => (has(back(month)) ? at(back(month), measure) : null)),
              },
            ]
          : []),
      ],
    },
    summary: `Open pipeline at month ends; the last: ${write(at(last, measure))}.`,
    table: {
      head: ["Month end", ...columns.map(column => titles[column])],
      rows: months.map(month => [
        monthName(month),
        ...columns.map(column => counted(at(month, column), picks[column]?.(month))),
      ]),
    },
    note: sentences(!isMoney && "No open deal of these months carries an amount.", lacking(view, "close_dates")),
  };
}

/** What is open at the end of a month, of all owners; in the running month, now. */
const pickOpenAtEnd = (view, month) =>
  isOver(month)
    ? pickDeals(
        view,
        `Open at the end of ${monthName(month)}`,
        "deal_open",
        "",
        row => row.first <= month && month <= row.last,
      )
    : pickDeals(view, "Open now", "deals", "", deal => deal.status === "open");

const FLOWS = {
  new: ["New", 1],
  reopened: ["Reopened", 1],
  increased: ["Increased", 1],
  decreased: ["Decreased", -1],
  won: ["Won", -1],
  lost: ["Lost", -1],
};
const FLOW_TONES = { Won: "won", Lost: "lost", Decreased: "lost" };

function waterfallCard(view) {
  const missing = lacking(view, "wins", "amounts");
  if (missing) return { empty: missing };
  const rows = view.select("waterfall", "months");
  if (!rows.length) return { empty: `No pipeline is known for ${view.range}.` };
  const [start, end] = [rows[0].start_amount || 0, rows.at(-1).end_amount || 0];
  const flows = Object.entries(FLOWS)
    .map(([name, [label, sign]]) => ({
      label,
      value: sign * sum(rows, name),
      pick: pickDeals(view, label, "deal_moves", "months", row => row.move === name, ["move"]),
    }))
    .filter(flow => flow.value);
  if (!flows.length && !start) return { empty: "No deal of these months carries an amount." };
  const bars = [
    { label: "Start", value: start, from: 0, pick: pickOpenAtEnd(view, addMonths(rows[0].month, -1)) },
    ...flows,
    { label: "End", value: end, from: 0, pick: pickOpenAtEnd(view, rows.at(-1).month) },
  ];
  let level = start;
  for (const flow of flows) {
    flow.from = level;
    level += flow.value;
  }
  return {
    answer:
      `The open pipeline went from ${shortMoney(start, AS_OF.currency)} to ` +
      `${shortMoney(end, AS_OF.currency)}: ` +
      `${flows.map(flow => `${flow.label.toLowerCase()} ${shortMoney(Math.abs(flow.value))}`).join(", ")}.`,
    chart: {
      kind: "columns",
      labels: bars.map(bar => bar.label),
      unit: AS_OF.currency,
      above: bars.map(bar => shortMoney(bar.value)),
      series: [
        {
          name: "Amount",
          tone: "accent",
          tones: bars.map(bar =>
            bar.from === 0 && (bar.label === "Start" || bar.label === "End")
              ? "accent"
              : FLOW_TONES[bar.label] || "moved",
          ),
          values: bars.map(bar => bar.value),
          from: bars.map(bar => bar.from),
          tips: bars.map(bar => `${bar.label}: ${money(bar.value)} ${AS_OF.currency}`),
          picks: bars.map(bar => bar.pick),
        },
      ],
    },
    summary: "The open pipeline from the first to the last chosen month.",
    table: {
      head: ["Flow", AS_OF.currency],
      rows: bars.map(bar => [bar.label, cell(bar.value, money(bar.value), bar.pick)]),
    },
    note:
      "Start + new + reopened + increased − decreased − won − lost = end, " +
      "from the first to the last chosen month.",
  };
}
