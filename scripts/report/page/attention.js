"use strict";
// What needs attention: thresholds passed, in the last three of the chosen months and now.

const METRICS = {
  first_step_month_over_month_rate: "New deals",
  step_month_over_month_rate: "New entries",
  losses_month_over_month_rate: "Losses",
  second_step_30_days_share_change: "Share of deals that get to the second step within 30 days",
  unknown_lost_reason_share: "Losses without a reason",
  rotten_visits_share: "Open deals that have stood still for too long",
  days_since_newest_event: "Days since the newest event",
  overdue_count: "Open deals past their close date",
};
const isChange = metric => metric.endsWith("_over_month_rate") || metric.endsWith("_change");

function attention(view) {
  const [since, now] = [addMonths(view.to || "2000-01", -2), AS_OF.as_of_date?.slice(0, 7)];
  const isShown = row => row.month === now || (row.month >= since && row.month >= view.from && row.month <= view.to);
  return view
    .select("alerts", "")
    .filter(isShown)
    .filter(row => !lacking(view, ...(ALERTS_NEED[row.metric] || [])))
    .map(row => ({
      severity: row.severity,
      text: sentences(...[row.insight || sayMetric(row), row.recommendation].map(text => text && `${text}.`)),
    }));
}

const sayMetric = row =>
  (METRICS[row.metric] || capital(row.metric.replaceAll("_", " "))) +
  `${row.stage ? " in " + row.stage : ""}, ${monthName(row.month)}: ${writeMetric(row.metric, row.value)}` +
  `${isChange(row.metric) ? " on the month before" : ""} (limit ${writeMetric(row.metric, row.threshold)})`;

const writeMetric = (metric, value) =>
  metric.endsWith("_over_month_rate")
    ? relative(value)
    : metric.endsWith("_rate") || metric.endsWith("_share")
      ? percent(value)
      : metric.endsWith("_share_change")
        ? points(value)
        : metric.startsWith("days_") || metric.endsWith("_count")
          ? count(value)
          : String(value);

function drawAttention(view) {
  const noted = attention(view);
  return element(
    "section",
    { class: "tile attention", id: "attention", "aria-label": "Needs attention" },
    element("h2", {}, "Needs attention"),
    noted.length
      ? element(
          "ul",
          {},
          noted.map(item =>
            element("li", {}, element("span", { class: "badge" }, item.severity), element("span", {}, item.text)),
          ),
        )
      : element("p", { class: "detail" }, "Nothing passes a limit in the last three of these months."),
  );
}
