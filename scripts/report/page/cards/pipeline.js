"use strict";
// What was won, what is open, what moved it, how healthy it is and what slipped.

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
    earlier = before.every(value => value != null) ? before.reduce((a, b) => a + b, 0) : null;
  const pick = month =>
    pickDeals(view, `Won in ${monthName(month)}`, deal => deal.status === "won" && deal.closed?.slice(0, 7) === month);
  return {
    answer:
      `${write(total)} ${isMoney ? `from ${plural(all.won, "win")}` : ""} in ${view.range}`.replace("  ", " ") +
      (earlier
        ? `, ${relative(total / earlier - 1)} on ${rangeName(then[0], then.at(-1))}.`
        : "; there is nothing to compare it with."),
    chart: {
      kind: "columns",
      labels: view.months,
      isMonths: true,
      unit: isMoney ? AS_OF.currency : "Wins",
      valueName: isMoney ? "Won" : "Wins",
      series: [{ name: isMoney ? "Won revenue" : "Wins", tone: "won", values, picks: view.months.map(pick) }],
      line: before.some(value => value != null) ? { name: comparisonName(view), tone: "muted", values: before } : null,
    },
    summary:
      "Won by month: " +
      view.months.map((month, index) => `${monthName(month)} ${write(values[index])}`).join(", ") +
      ".",
    table: {
      head: ["Closed in", "Wins", ...(isMoney ? [`Won, ${AS_OF.currency}`] : []), comparisonName(view)],
      rows: view.months.map((month, index) => [
        monthName(month),
        cell(closings(view, [month]).won, count(closings(view, [month]).won), pick(month)),
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
  const isNow = month => month === months.at(-1) && month >= (AS_OF.as_of_date || "").slice(0, 7);
  const pick = pickDeals(view, "Open now", deal => deal.status === "open", true);
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
          pickLast: isNow(last) ? pick : null,
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
        ...columns.map(column =>
          cell(at(month, column), count(at(month, column)), column === "deals" && isNow(month) ? pick : null),
        ),
      ]),
    },
    note: sentences(!isMoney && "No open deal of these months carries an amount.", lacking(view, "close_dates")),
  };
}

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
    .map(([name, [label, sign]]) => ({ label, value: sign * sum(rows, name) }))
    .filter(flow => flow.value);
  if (!flows.length && !start) return { empty: "No deal of these months carries an amount." };
  const bars = [{ label: "Start", value: start, from: 0 }, ...flows, { label: "End", value: end, from: 0 }];
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
        },
      ],
    },
    summary: "The open pipeline from the first to the last chosen month.",
    table: { head: ["Flow", AS_OF.currency], rows: bars.map(bar => [bar.label, cell(bar.value, money(bar.value))]) },
    note:
      "Start + new + reopened + increased − decreased − won − lost = end, " +
      "from the first to the last chosen month.",
  };
}

const HEALTH_PARTS = {
  win_rate_points: ["Win rate", "won"],
  overdue_share_points: ["Few overdue", "moved"],
  average_amount_points: ["Deal size", "accent-soft"],
  open_count_points: ["Volume", "open"],
};

function healthCard(view) {
  const missing = lacking(view, "wins", "losses", "win_dates", "amounts");
  if (missing) return { empty: `${missing} Without them no health score is made.` };
  const rows = view.select("health", "months").filter(row => row.score != null && row.win_rate_points != null);
  if (!rows.length) return { empty: "No quarter of these months has a score: too little was closed." };
  const last = rows.at(-1),
    before = rows.at(-2);
  return {
    answer:
      `${quarterName(last.quarter)}: ${writeScore(last.score)} of 100, ` +
      `${last.status.toLowerCase()}${last.is_complete ? "" : " so far"}` +
      (before ? `; the quarter before had ${writeScore(before.score)}.` : "."),
    chart: {
      kind: "columns",
      stacked: true,
      labels: rows.map(row => quarterName(row.quarter)),
      unit: "Points",
      highest: 100,
      above: rows.map(row => writeScore(row.score)),
      series: Object.entries(HEALTH_PARTS).map(([column, [name, tone]]) => ({
        name,
        tone,
        values: rows.map(row => row[column]),
        tips: rows.map(row =>
          row[column] == null ? "" : `${quarterName(row.quarter)}, ${name.toLowerCase()}: ${row[column]} of 25`,
        ),
      })),
    },
    summary: `Health score: ${rows.map(row => `${quarterName(row.quarter)} ${writeScore(row.score)}`).join(", ")}.`,
    table: {
      head: ["Quarter", "Score", "Status", ...Object.values(HEALTH_PARTS).map(([name]) => name)],
      rows: rows.map(row => [
        quarterName(row.quarter),
        cell(row.score, writeScore(row.score)),
        row.status,
        ...Object.keys(HEALTH_PARTS).map(column => (row[column] == null ? "not known" : count(row[column]))),
      ]),
    },
    note: "Four parts of 25 points; where one lacks data, the score is of the others.",
  };
}

const writeScore = score => days(score).replace(".0", "");
const DUE = {
  won: ["Won", "won"],
  lost: ["Lost", "lost"],
  slipped: ["Slipped later", "moved"],
  pulled: ["Pulled earlier", "accent-soft"],
  overdue: ["Still open, overdue", "open"],
};

function slippageCard(view) {
  const missing = lacking(view, "wins", "close_dates");
  if (missing) return { empty: missing };
  const groups = groupBy(view.select("slippage"), "quarter"),
    quarters = [...groups.keys()].sort();
  if (!quarters.length) return { empty: "No deal was due in the quarters of these months." };
  const number = (quarter, column) => sum(groups.get(quarter), column),
    share = quarter => divide(number(quarter, "slipped"), number(quarter, "due"));
  const kinds = Object.keys(DUE).filter(kind => quarters.some(quarter => number(quarter, kind)));
  const last = quarters.filter(quarter => groups.get(quarter)[0].is_complete).at(-1) || quarters.at(-1);
  return {
    answer:
      `Of ${plural(number(last, "due"), "deal")} due in ${quarterName(last)}, ` +
      `${number(last, "slipped") ? percent(share(last)) : "none"} slipped to a later quarter.`,
    chart: {
      kind: "columns",
      stacked: true,
      labels: quarters.map(quarterName),
      unit: "Deals",
      above: quarters.map(quarter => percent(share(quarter))),
      series: kinds.map(kind => ({
        name: DUE[kind][0],
        tone: DUE[kind][1],
        values: quarters.map(quarter => number(quarter, kind)),
        tips: quarters.map(
          quarter =>
            `${quarterName(quarter)}, ${DUE[kind][0].toLowerCase()}: ${count(number(quarter, kind))} of ` +
            `${count(number(quarter, "due"))}`,
        ),
      })),
    },
    summary:
      `Slipped, of what was due: ` +
      `${quarters.map(quarter => `${quarterName(quarter)} ${percent(share(quarter))}`).join(", ")}.`,
    table: {
      head: ["Quarter", "Due", ...kinds.map(kind => DUE[kind][0]), "Slipped share"],
      rows: quarters.map(quarter => [
        quarterName(quarter),
        cell(number(quarter, "due"), count(number(quarter, "due"))),
        ...kinds.map(kind => cell(number(quarter, kind), count(number(quarter, kind)))),
        percent(share(quarter)),
      ]),
    },
    note:
      "Deals that were due in a quarter when it began. Above a column: the share that slipped to a " +
      "later quarter. Owner: the one at the quarter's start.",
  };
}
