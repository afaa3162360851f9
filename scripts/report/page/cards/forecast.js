"use strict";
// What will come in, and how far off the forecasts were.

const METHODS = {
  blend: "Blend",
  mean_3: "Mean of 3 months",
  naive: "Last month again",
  pipeline_weighted: "Weighted pipeline",
  seasonal: "Seasonal",
  trend: "Trend",
};
const methodName = method => METHODS[method] || method;

const NO_REVENUE = "No complete month with won revenue is known yet, so there is nothing to forecast from.";

/** The sentence on why there is no forecast; undefined where there is one. */
function noForecast(view) {
  const missing = lacking(view, "wins", "win_dates", "amounts");
  if (missing) return `${missing} There is nothing to forecast from.`;
  return view.select("forecast", "").some(row => row.actual || row.forecast) ? undefined : NO_REVENUE;
}

function forecastCard(view, method) {
  const missing = noForecast(view);
  if (missing) return { empty: missing };
  const rows = view.select("forecast", "").filter(row => row.method === method);
  const ahead = rows.filter(row => row.is_current && row.forecast != null),
    since = addMonths(AS_OF.as_of_date.slice(0, 7), -17);
  const tested = rows.filter(row => !row.is_current && row.month >= since),
    actual = tested.filter(row => row.actual != null);
  if (!ahead.length && !actual.length)
    return { empty: `There is too little history for the method “${methodName(method)}”.` };
  const labels = monthsBetween([...tested, ...ahead][0].month, [...tested, ...ahead].at(-1).month);
  const column = (points, name) => labels.map(month => points.find(row => row.month === month)?.[name] ?? null);
  // Both of what came in and of what is expected: a forecast follows no months, so it is always compared with
  // the year before.
  const yearAgo = month => {
    const before = addMonths(month, -12);
    return hasMonth(view, "closings", before) ? closings(view, [before], "").amount || 0 : null;
  };
  const pick = row =>
    pickDeals(
      view,
      `Won in ${monthName(row.month)}`,
      "deals",
      "",
      deal => deal.status === "won" && deal.closed?.slice(0, 7) === row.month,
    );
  const [next] = ahead,
    say = (row, name, pick) => (row[name] == null ? "not known" : cell(row[name], money(row[name]), pick));
  return {
    answer: next
      ? `${shortMoney(next.forecast, AS_OF.currency)} expected in ${monthName(next.month)}` +
        (next.low != null
          ? `, between ${shortMoney(next.low)} and ${shortMoney(next.high)} in 8 of 10 cases`
          : "; there are too few past forecasts for an interval") +
        (yearAgo(next.month)
          ? `; ${monthName(addMonths(next.month, -12))} brought ${shortMoney(yearAgo(next.month))}.`
          : ".")
      : `There is too little history for a forecast by the method “${methodName(method)}”.`,
    chart: {
      kind: "lines",
      labels,
      unit: AS_OF.currency,
      band: { name: "Interval, 8 of 10 cases", tone: "accent", low: column(ahead, "low"), high: column(ahead, "high") },
      series: [
        {
          name: "Actual",
          tone: "ink",
          values: column(actual, "actual"),
          picks: labels.map(month => pick({ month })),
        },
        { name: "Said one month before", tone: "muted", dash: true, values: column(tested, "forecast") },
        { name: "Forecast", tone: "accent", values: column(ahead, "forecast") },
        { name: "A year before", tone: "moved", dash: true, values: labels.map(yearAgo) },
      ],
    },
    summary:
      "Forecast: " +
      ahead.map(row => `${monthName(row.month)} ${shortMoney(row.forecast, AS_OF.currency)}`).join(", ") +
      ".",
    table: {
      head: ["Month", "Actual", "Said one month before", "Forecast", "Low", "High", "A year before"],
      rows: [
        ...tested.map(row => [
          monthName(row.month),
          say(row, "actual", pick(row)),
          say(row, "forecast"),
          "",
          "",
          "",
          compared(yearAgo(row.month), money),
        ]),
        ...ahead.map(row => [
          monthName(row.month),
          "",
          "",
          say(row, "forecast"),
          say(row, "low"),
          say(row, "high"),
          compared(yearAgo(row.month), money),
        ]),
      ],
    },
    note:
      "The interval shows how far off earlier forecasts were. If most of them were too high, or too low, the " +
      "forecast does not lie in its middle.",
  };
}

function accuracyCard(view) {
  const missing = noForecast(view);
  if (missing) return { empty: missing };
  const rows = view.select("forecast_accuracy", "").filter(row => row.wape != null);
  if (!rows.length) return { empty: "There is too little history to test the forecasts." };
  const horizons = [...groupBy(rows, "horizon").keys()].sort((a, b) => a - b);
  const methods = [...groupBy(rows, "method").keys()].sort((a, b) =>
    a === "blend" ? -1 : b === "blend" ? 1 : a < b ? -1 : 1,
  );
  const best = new Map(
    horizons.map(horizon => [horizon, Math.min(...rows.filter(row => row.horizon === horizon).map(row => row.wape))]),
  );
  const find = (method, horizon) => rows.find(row => row.method === method && row.horizon === horizon),
    blend = find("blend", 1);
  return {
    heat: true,
    answer: blend
      ? `One month ahead the blend was off by ${Math.round(blend.wape * 100)} % of what came in, over ` +
        `${plural(blend.tests, "month")}.`
      : "The blend has not been tested yet.",
    body: {
      head: ["Months ahead", ...horizons],
      rows: methods.map(method => [
        methodName(method),
        ...horizons.map(horizon => {
          const row = find(method, horizon);
          return row
            ? {
                ...cell(row.wape, Math.round(row.wape * 100) + " %"),
                heat: Math.min(row.wape, 1),
                isBest: row.wape === best.get(horizon),
                title: `${row.tests} tests, bias ${relative(row.bias)}`,
              }
            : "untested";
        }),
      ]),
    },
    note:
      "How far off the forecasts of all tested months were, as a share of what came in (WAPE), each made with " +
      "what was known then. Lower is better; the best of a column is bold. Not every method can be tested in " +
      "as many months.",
  };
}
