"use strict";
// What quarters tell: how healthy the pipeline is, and what slipped.

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
  const back = quarterComparedWith(view, rows.length),
    comparison = quarterComparisonName(view, rows.length);
  const scores = new Map(view.select("health", "").map(row => [row.quarter, row.score]));
  const then = rows.map(row => scores.get(back(row.quarter)) ?? null);
  return {
    answer:
      `${quarterName(last.quarter)}: ${writeScore(last.score)} of 100, ` +
      `${last.status.toLowerCase()}${last.is_complete ? "" : " so far"}` +
      (before ? `; the quarter before had ${writeScore(before.score)}` : "") +
      (view.compare === "year" && isNumber(then.at(-1)) ? `, a year before ${writeScore(then.at(-1))}.` : "."),
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
      line: then.some(isNumber) ? { name: comparison, tone: "muted", values: then } : null,
    },
    summary: `Health score: ${rows.map(row => `${quarterName(row.quarter)} ${writeScore(row.score)}`).join(", ")}.`,
    table: {
      head: ["Quarter", "Score", comparison, "Status", ...Object.values(HEALTH_PARTS).map(([name]) => name)],
      rows: rows.map((row, index) => [
        quarterName(row.quarter),
        cell(row.score, writeScore(row.score)),
        compared(then[index], writeScore),
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
  const all = groupBy(view.select("slippage", "owner"), "quarter");
  const number = (quarter, column) => sum(rowsOf(all, quarter), column),
    share = quarter => divide(number(quarter, "slipped"), number(quarter, "due"));
  const kinds = Object.keys(DUE).filter(kind => quarters.some(quarter => number(quarter, kind)));
  const last = quarters.filter(quarter => groups.get(quarter)[0].is_complete).at(-1) || quarters.at(-1);
  const back = quarterComparedWith(view, quarters.length),
    comparison = quarterComparisonName(view, quarters.length);
  const then = quarters.map(quarter => (all.has(back(quarter)) ? number(back(quarter), "due") : null));
  const pick = (quarter, written, test) =>
    pickDeals(
      view,
      `Due in ${quarterName(quarter)}${written}`,
      "deal_due",
      "owner",
      row => row.quarter === quarter && test(row),
    );
  const pickOf = (quarter, kind) => pick(quarter, `, ${lowerFirst(DUE[kind][0])}`, row => row.became === kind);
  return {
    answer:
      `Of ${plural(number(last, "due"), "deal")} due in ${quarterName(last)}, ` +
      `${number(last, "slipped") ? percent(share(last)) : "none"} slipped to a later quarter` +
      (all.has(back(last)) ? `; ${percent(share(back(last)))} did in ${quarterName(back(last))}.` : "."),
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
        picks: quarters.map(quarter => pickOf(quarter, kind)),
      })),
      line: then.some(isNumber) ? { name: `Due, ${lowerFirst(comparison)}`, tone: "muted", values: then } : null,
    },
    summary:
      `Slipped, of what was due: ` +
      `${quarters.map(quarter => `${quarterName(quarter)} ${percent(share(quarter))}`).join(", ")}.`,
    table: {
      head: [
        "Quarter",
        "Due",
        ...kinds.map(kind => DUE[kind][0]),
        "Slipped share",
        `Due, ${lowerFirst(comparison)}`,
        `Slipped share, ${lowerFirst(comparison)}`,
      ],
      rows: quarters.map((quarter, index) => [
        quarterName(quarter),
        counted(number(quarter, "due"), pick(quarter, "", () => true)),
        ...kinds.map(kind => counted(number(quarter, kind), pickOf(quarter, kind))),
        percent(share(quarter)),
        compared(then[index], count),
        compared(share(back(quarter)), percent),
      ]),
    },
    note:
      "Deals that were due in a quarter when it began. Above a column: the share that slipped to a " +
      "later quarter. Owner: the one at the quarter's start.",
  };
}
