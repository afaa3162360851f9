"use strict";
// One function per card. It gets the view and returns what to draw: {traces, layout, height} for Plotly and/or {body},
// {table: {head, rows}} with the same figures, {summary} for a screen reader, {note}; or {empty}: why there is nothing.

const colour = name => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
const isNarrow = () => window.innerWidth < 600;
const cell = (value, written) => ({ value, written });

// --- tiles: what is asked first ------------------------------------------------------------------------------

function tiles(view) {
  const byDomain = { funnel: [conversionTile, stuckTile, startedTile], pipeline: [winRateTile, openTile, forecastTile] };
  return Object.entries(byDomain).flatMap(([domain, makers]) => SWITCHED_OFF.includes(domain) ? [] : makers.map(make => make(view)));
}

/** Pipeline reports are by CRM: said where it has several pipelines. */
const ofAll = view => DATA.pipelines.filter(row => row.crm === view.crm).length > 1 ? " · all pipelines" : "";
const thisMonth = view => monthName(view.to) + (view.monthEnded ? "" : " so far");

function stepCounts(view, month) {
  const groups = groupBy(view.select("funnel", "owner").filter(row => row.month === month), "step");
  return new Map(view.steps.map(step => [step.step, sum(rowsOf(groups, step.step), "deals")]));
}

function conversionTile(view) {
  const chain = view.steps.filter(step => step.event_type === "stage");
  const tile = { id: "conversion", wide: true, label: `Conversion in ${thisMonth(view)}`, value: NONE };
  if (chain.length < 2) return { ...tile, detail: "No funnel steps are defined for this pipeline." };
  const [first, last] = [chain[0], chain.at(-1)];
  const [now, earlier] = [stepCounts(view, view.to), stepCounts(view, view.before)];
  const rate = divide(now.get(last.step), now.get(first.step));
  const rateBefore = divide(earlier.get(last.step), earlier.get(first.step));
  const steps = chain.slice(1).map(step => ({ step: step.step, name: step.name, rate: divide(now.get(step.step), now.get(step.previous_step)) }));
  const weakest = steps.filter(step => step.rate != null).sort((a, b) => a.rate - b.rate)[0];
  if (!now.get(first.step)) {
    const lastMonth = view.select("funnel", "owner").filter(row => row.step === first.step && row.deals).at(-1)?.month;
    return { ...tile, detail: `Nobody entered ${first.name} in ${monthName(view.to)}, so there is nothing to convert.`
      + (lastMonth ? ` The last month of the data in which somebody did is ${monthName(lastMonth)}.` : "") };
  }
  return { ...tile, value: percent(rate), change: isNumber(rate) && isNumber(rateBefore) ? rate - rateBefore : null, write: points,
    detail: `${count(now.get(last.step))} reached ${last.name}, ${count(now.get(first.step))} entered ${first.name}: arrivals of one month, not the same deals.`
      + (weakest ? ` Weakest step: ${weakest.name}, ${percent(weakest.rate)} of the step before.` : ""),
    stepsLabel: "Share of the step before", steps: steps.map(step => ({ ...step, written: isNumber(step.rate) ? Math.round(step.rate * 100) + "%" : NONE, isWeak: step === weakest })) };
}

function stuckTile(view) {
  const stages = stageTimes(view).filter(stage => isNumber(stage.median)).sort((a, b) => b.median - a.median);
  const tile = { id: "stuck", wide: true, label: "Deals get stuck in", value: NONE, kind: "stuck" };
  if (!stages.length) return { ...tile, detail: "No stage visit of this pipeline has ended yet." };
  const [slowest, next] = stages, alike = stages.filter(stage => stage.median.toFixed(1) === slowest.median.toFixed(1));
  if (alike.length > 1) {
    return { ...tile, kind: "", value: "No single stage", detail: `${alike.length} stages share the longest median stay of ${days(slowest.median)} days: ${alike.map(stage => stage.name).join(", ")}.` };
  }
  return { ...tile, value: slowest.name,
    steps: stageTimes(view).map((stage, index) => ({ step: view.stages[index]?.stage_rank || index + 1, name: stage.name, rate: stage.median, written: isNumber(stage.median) ? Math.round(stage.median) + " d" : NONE, isWeak: stage.name === slowest.name })),
    stepsLabel: "Median days in stage", detail: `Half of the deals stay ${days(slowest.median)} days or longer`
      + (next ? `; next comes ${next.name} with ${days(next.median)}` : "") + `. ${count(slowest.open)} are in it now`
      + (slowest.lost != null ? `, and ${percent(slowest.lost)} of those that entered it in the chosen months were lost there.` : ".") };
}

function startedTile(view) {
  const first = view.steps.find(step => step.event_type === "stage");
  const [now, earlier] = [stepCounts(view, view.to).get(first?.step), stepCounts(view, view.before).get(first?.step)];
  return { id: "started", label: `New deals, ${thisMonth(view)}`, value: count(now), change: earlier ? (now - earlier) / earlier : null,
    write: relative, detail: first ? `First entries to ${first.name}` : "" };
}

function winRateTile(view) {
  const quarters = groupBy(view.select("win_rates", "owner"), "quarter");
  const quarter = [...groupBy(view.select("win_rates", ""), "quarter").keys()].find(start => start <= view.to && addMonths(start, 2) >= view.to);
  const rate = start => divide(sum(rowsOf(quarters, start), "won"), sum(rowsOf(quarters, start), "won") + sum(rowsOf(quarters, start), "lost"));
  const tile = { id: "win-rate", value: NONE, label: "Win rate" };
  if (!quarter) return { ...tile, detail: "Nothing was won or lost in this quarter." };
  const [now, earlier] = [rate(quarter), rate(addMonths(quarter, -3))];
  return { ...tile, label: `Win rate, ${quarterName(quarter)}`, value: percent(now), write: points,
    change: isNumber(now) && isNumber(earlier) ? now - earlier : null, versus: "vs quarter before",
    detail: `${count(sum(rowsOf(quarters, quarter), "won"))} won, ${count(sum(rowsOf(quarters, quarter), "lost"))} lost${ofAll(view)}` };
}

function openTile(view) {
  const months = groupBy(view.select("open_pipeline", "owner"), "month");
  const [now, earlier] = [rowsOf(months, view.to), rowsOf(months, view.before)];
  const known = (DATA.open_pipeline || []).some(row => row.crm === view.crm && row.month === view.to);
  const [amount, before] = [sum(now, "amount"), sum(earlier, "amount")];
  return { id: "open", label: `Open pipeline, end of ${monthName(view.to)}`, value: known ? shortMoney(amount, AS_OF.currency) : NONE,
    change: known && before ? (amount - before) / before : null, write: relative,
    detail: known ? `${count(sum(now, "deals"))} deals, ${count(sum(now, "overdue"))} past their close date${ofAll(view)}` : "No snapshot of this month" };
}

const hasRevenue = view => view.select("forecast", "").some(row => row.actual || row.forecast);

function forecastTile(view) {
  const rows = view.select("forecast", "").filter(row => row.is_current && row.method === "blend" && row.forecast != null);
  const tile = { id: "forecast", label: "Expected revenue", value: NONE };
  if (!hasRevenue(view)) return { ...tile, detail: "No won revenue is known, so there is nothing to forecast." };
  if (!rows.length) return { ...tile, detail: "Too little history for a forecast." };
  const [next] = rows;
  const tested = view.select("forecast_accuracy", "").find(row => row.method === "blend" && row.horizon === 1);
  return { ...tile, label: `Expected revenue, ${monthName(next.month)}`, value: shortMoney(next.forecast, AS_OF.currency),
    detail: (next.low != null ? `${shortMoney(next.low, "")}to ${shortMoney(next.high, "")}, going by its past errors` : "No interval yet")
      + (tested?.wape != null ? ` (${Math.round(tested.wape * 100)} % over ${count(tested.tests)} months)` : "") + ofAll(view) };
}

/** What needs attention: thresholds passed, in the last three of the chosen months and now. */
function attention(view) {
  const [since, now] = [addMonths(view.to, -2), AS_OF.as_of_date?.slice(0, 7)];
  const isShown = row => row.month === now || (row.month >= since && row.month >= view.from && row.month <= view.to);
  return view.select("alerts", "").filter(isShown).map(row => ({ severity: row.severity, text: row.insight
    ? [row.insight, row.recommendation].filter(Boolean).map(text => `${text}.`).join(" ")
    : `${capital(row.metric.replaceAll("_", " "))}${row.stage ? " in " + row.stage : ""}: `
      + `${writeMetric(row.metric, row.value)}, ${row.direction} ${writeMetric(row.metric, row.threshold)} (${monthName(row.month)})` }));
}

const capital = text => text.charAt(0).toUpperCase() + text.slice(1);
const writeMetric = (metric, value) => metric.endsWith("_rate") || metric.endsWith("_share") ? percent(value)
  : metric.endsWith("_share_change") ? points(value) : metric.startsWith("days_") ? days(value) : String(value);

// --- funnel --------------------------------------------------------------------------------------------------

function funnelCard(view) {
  const groups = groupBy(view.select("funnel"), "step");
  const steps = view.steps.filter(step => step.event_type !== "outcome").map(step => ({ ...step, deals: sum(rowsOf(groups, step.step), "deals") }));
  const total = new Map(steps.map(step => [step.step, step.deals]));
  if (!sum(steps, "deals")) return { empty: "Nobody entered a step in these months." };
  const first = steps[0].deals;
  const text = steps.map(step => step.previous_step
    ? `${count(step.deals)}  ·  ${percent(divide(step.deals, total.get(step.previous_step)))} of ${step.previous_step}` : count(step.deals));
  const names = steps.map(step => wrap(`${step.step}  ${step.name}`, isNarrow() ? 18 : 32));
  return {
    traces: [{ type: "bar", orientation: "h", y: names, x: steps.map(step => step.deals), text: text.map(plain), textposition: "outside",
      cliponaxis: false, marker: { color: steps.map(step => step.event_type === "stage" ? colour("accent") : colour("accent-soft")) },
      hovertemplate: "%{y}<br>%{text}<extra></extra>" }],
    layout: { yaxis: { autorange: "reversed", ticklabelstandoff: 8, showgrid: false, tickfont: { size: isNarrow() ? 11 : 12 } }, xaxis: { range: [0, Math.max(...total.values()) * (isNarrow() ? 1.9 : 1.45)], visible: false }, bargap: 0.28 },
    height: steps.length * (isNarrow() ? 44 : 34) + 20,
    summary: `Funnel: ${steps.map(step => `${step.name} ${count(step.deals)}`).join(", ")}.`,
    table: { head: ["Step", "Name", "Deals", "Of the step before", "Of the first step"], rows: steps.map(step => [step.step, step.name,
      cell(step.deals, count(step.deals)), percent(divide(step.deals, total.get(step.previous_step))), percent(divide(step.deals, first))]) },
    note: "First entries to a step in the chosen months. Calls (lighter) are measured from their parent stage. Different deals enter each step, so more than 100 % is possible.",
  };
}

function trendCard(view) {
  const months = knownMonths(view, "funnel");
  if (!months.length) return { empty: "Nobody entered a step in these months." };
  const cells = groupBy(view.select("funnel").map(row => ({ ...row, key: row.step + row.month })), "key");
  const values = step => months.map(month => sum(rowsOf(cells, step.step + month), "deals"));
  const columns = isNarrow() ? 2 : 4, rows = Math.ceil(view.steps.length / columns);
  // Plotly takes fractions of the drawing; the panels are thought in pixels.
  const panel = { height: 130, title: 22, gap: 16, between: isNarrow() ? 0.12 : 0.045 };
  const height = rows * panel.height + 24, width = (1 - panel.between * (columns - 1)) / columns;
  const up = pixels => pixels / (rows * panel.height);
  const traces = [], annotations = [], layout = { showlegend: false, annotations, margin: { l: 26, r: 8, t: 4, b: 20 } };
  const ends = months.length > 1 ? [months[0], months.at(-1)] : [months[0]];
  view.steps.forEach((step, index) => {
    const [axis, row, shown] = [index ? index + 1 : "", Math.floor(index / columns), values(step)];
    const left = (index % columns) * (width + panel.between), top = 1 - up(row * panel.height);
    const isLast = index + columns >= view.steps.length;
    layout["xaxis" + axis] = { domain: [left, left + width], anchor: "y" + axis, type: "category", showgrid: false, showline: false, automargin: false, range: [-0.3, months.length - 0.7],
      tickvals: isLast ? ends : [], ticktext: ends.map(shortMonth), tickangle: 0, tickfont: { size: 10, color: colour("muted") } };
    layout["yaxis" + axis] = { domain: [top - up(panel.height - panel.gap), top - up(panel.title)], anchor: "x" + axis, range: [0, Math.max(1, ...shown) * 1.12], nticks: 3, automargin: false, tickfont: { size: 10, color: colour("muted") }, showline: false, zeroline: false };
    const tone = colour(step.event_type === "outcome" ? "loss" : step.event_type === "activity" ? "second" : "accent");
    traces.push({ type: "scatter", mode: months.length > 1 ? "lines" : "markers", x: months, y: shown, xaxis: "x" + axis, yaxis: "y" + axis, line: { color: tone, width: 2 }, fill: "tozeroy", fillcolor: tone + "1c",
      customdata: months.map(monthName), hovertemplate: `${plain(step.name)}<br>%{customdata}: %{y}<extra></extra>` });
    traces.push({ type: "scatter", mode: "markers", x: [months.at(-1)], y: [shown.at(-1)], xaxis: "x" + axis, yaxis: "y" + axis, cliponaxis: false, marker: { color: tone, size: 6 }, hoverinfo: "skip" });
    const limit = isNarrow() ? 15 : 26;
    const title = step.name.length > limit ? step.name.slice(0, limit - 1) + "…" : step.name;
    annotations.push({ xref: "paper", yref: "paper", x: left, y: top, xanchor: "left", yanchor: "top", showarrow: false, align: "left", borderpad: 0,
      text: `${plain(title)}  <b>${count(shown.at(-1))}</b>`, font: { size: 12 } });
  });
  return { traces, layout, height,
    summary: `Deals per month and step. In ${monthName(months.at(-1))}: ${view.steps.map(step => `${step.name} ${count(values(step).at(-1))}`).join(", ")}.`,
    table: { head: ["Step", "Name", ...months.map(monthName)], rows: view.steps.map(step => [step.step, step.name, ...values(step).map(value => cell(value, count(value)))]) },
    note: "Each panel has its own scale; the figure beside a name is the last month's." };
}

const shortMonth = month => `${month.slice(5)}/${month.slice(2, 4)}`;

/** The chosen months that lie within what a data set knows of the CRM and pipeline. */
function knownMonths(view, name) {
  const known = view.select(name, "").map(row => row.month).sort();
  return view.months.filter(month => month >= known[0] && month <= known.at(-1));
}

const HORIZONS = { ever: "Ever", ...Object.fromEntries((DATA.horizons || []).map(row => [row.horizon, `Within ${row.days} days`])) };

function cohortCard(view, horizon) {
  const cohorts = groupBy(view.select("cohorts"), "month");
  const months = [...cohorts.keys()].sort().reverse();
  const steps = view.steps.filter(step => step.event_type === "stage");
  if (!months.length) return { empty: "No deal began in these months." };
  const share = (month, step) => {
    const rows = cohorts.get(month).filter(row => row.step === step.step);
    const reached = sumOrNull(rows, horizon);
    return { deals: sum(rows, "deals"), reached, share: reached == null ? null : divide(reached, sum(rows, "deals")) };
  };
  const grid = months.map(month => steps.slice(1).map(step => share(month, step)));
  const written = value => value == null ? "" : Math.round(value * 100) + (isNarrow() ? "" : " %");
  const sizes = months.map(month => share(month, steps[0]).deals);
  return {
    traces: [{ type: "heatmap", x: steps.slice(1).map(step => isNarrow() ? step.step : wrap(`${step.step} ${step.name}`, 13)), y: months.map((month, index) => `${isNarrow() ? shortMonth(month) : monthName(month)} (${sizes[index]})`),
      z: grid.map(row => row.map(entry => entry.share)), text: grid.map(row => row.map(entry => written(entry.share))), texttemplate: "%{text}",
      customdata: grid.map(row => row.map(entry => `${count(entry.reached)} of ${count(entry.deals)}`)), zmin: 0, zmax: 1, showscale: false, xgap: 2, ygap: 2, hoverongaps: false,
      colorscale: [[0, colour("tint")], [1, colour("accent")]], hovertemplate: "Began %{y}<br>%{x}: %{text} (%{customdata})<extra></extra>" }],
    layout: { xaxis: { side: "top", type: "category", tickangle: 0, showgrid: false, ticks: "", tickfont: { size: 11 } }, yaxis: { autorange: "reversed", type: "category", showgrid: false, ticks: "", ticklabelstandoff: 6 } },
    height: months.length * 27 + (isNarrow() ? 40 : 75),
    summary: `Share of the deals that began in a month that reached each step, ${HORIZONS[horizon].toLowerCase()}.`,
    table: { head: ["Began in", "Deals", ...steps.slice(1).map(step => step.name)], rows: months.map((month, index) => [monthName(month), cell(sizes[index], count(sizes[index])),
      ...grid[index].map(entry => cell(entry.reached, entry.reached == null ? NONE : `${percent(entry.share)} (${count(entry.reached)})`))]) },
    note: "Of the deals that began in a month (how many, in brackets), the share that got to a step or beyond it. "
      + (horizon === "ever" ? "Young cohorts are still on their way." : "Empty: the whole cohort is not that old yet.") };
}

const CREATED = { won: ["Won", "gain"], open: ["Still open", "neutral"], lost: ["Lost", "loss"] };

function createdCard(view) {
  const rows = view.select("new_deals", "months");
  if (!sum(rows, "created")) return { empty: "No deal was created in these months." };
  return {
    traces: Object.entries(CREATED).map(([column, [name, tone]]) => ({ type: "bar", name, x: rows.map(row => row.month + "-01"), y: rows.map(row => row[column]), marker: { color: colour(tone) },
      customdata: rows.map(row => `${monthName(row.month)}: ${count(row[column])} of ${count(row.created)}`), hovertemplate: `${name}, created %{customdata}<extra></extra>` })),
    layout: { barmode: "stack", xaxis: timeAxis(view.months), showlegend: true, bargap: 0.3 }, height: 320,
    summary: `Deals by month of creation: ${count(sum(rows, "created"))} in all, ${count(sum(rows, "won"))} won.`,
    table: { head: ["Created in", "Created", "Won", "Still open", "Lost", "Won share"], rows: rows.map(row => [monthName(row.month), ...["created", "won", "open", "lost"].map(column => cell(row[column], count(row[column]))), percent(divide(row.won, row.created))]) },
    note: "Young months still have much open: compare months of the same age." };
}

// --- stages --------------------------------------------------------------------------------------------------

/** Per stage: median and 90th percentile of all owners and months; mean, open and lost as the filters leave them. */
function stageTimes(view) {
  const medians = new Map(view.select("stage_medians", "").map(row => [row.stage_id, row]));
  const visits = groupBy(view.select("visits"), "stage_id");
  const open = groupBy(view.select("visits", "owner").filter(row => row.became === "open"), "stage_id");
  return view.stages.filter(stage => medians.has(stage.stage_id)).map(stage => {
    const rows = rowsOf(visits, stage.stage_id), ended = rows.filter(row => row.became !== "open"), all = medians.get(stage.stage_id);
    return { name: stage.name, median: all.median_days, p90: all.p90_days, visits: sum(ended, "visits"), open: sum(rowsOf(open, stage.stage_id), "visits"),
      mean: divide(sum(ended, "days"), sum(ended, "visits")), lost: divide(sum(rows.filter(row => row.became === "lost"), "visits"), sum(rows, "visits")) };
  });
}

function timeCard(view) {
  const stages = stageTimes(view);
  if (!stages.some(stage => stage.visits)) return { empty: "No visit to a stage ended in these months." };
  const highest = Math.max(...stages.map(stage => stage.median || 0));
  const isSlowest = stage => stage.median === highest && stages.filter(other => isNumber(other.median) && other.median.toFixed(1) === highest.toFixed(1)).length === 1;
  const names = stages.map(stage => wrap(stage.name, isNarrow() ? 16 : 26));
  return {
    traces: [
      { type: "bar", orientation: "h", name: "Mean of the chosen months", y: names, x: stages.map(stage => stage.mean), marker: { color: stages.map(stage => isSlowest(stage) ? colour("amber") : colour("accent")) },
        customdata: stages.map(stage => count(stage.visits)), hovertemplate: "%{y}<br>mean %{x:.1f} days of %{customdata} visits<extra></extra>" },
      { type: "scatter", mode: "markers", name: "Median, whole pipeline", y: names, x: stages.map(stage => stage.median), marker: { symbol: "diamond", size: 10, color: colour("ink"), line: { color: colour("card"), width: 1.5 } }, hovertemplate: "%{y}<br>median %{x:.1f} days<extra></extra>" },
      { type: "scatter", mode: "markers", name: "90th percentile", y: names, x: stages.map(stage => stage.p90), marker: { symbol: "line-ns-open", size: 12, color: colour("muted"), line: { width: 2.5 } }, hovertemplate: "%{y}<br>nine in ten end within %{x:.1f} days<extra></extra>" },
    ],
    layout: { yaxis: { autorange: "reversed", ticklabelstandoff: 8, showgrid: false, tickfont: { size: isNarrow() ? 11 : 12 } }, xaxis: { ticksuffix: " d", rangemode: "tozero" }, bargap: 0.35, showlegend: true },
    height: stages.length * (isNarrow() ? 42 : 34) + 90,
    summary: `Days in stage: ${stages.map(stage => `${stage.name} median ${days(stage.median)}`).join(", ")}.`,
    table: { head: ["Stage", "Ended visits", "Mean days", "Median days", "90th percentile", "There now"], rows: stages.map(stage => [stage.name, cell(stage.visits, count(stage.visits)), cell(stage.mean, days(stage.mean)), cell(stage.median, days(stage.median)), days(stage.p90), cell(stage.open, count(stage.open))]) },
    note: "The mean follows all filters (months of entry). Median and 90th percentile are of the whole pipeline: they cannot be added up over owners or months. The median counts deals still in the stage (Kaplan–Meier)." };
}

const BECAME = { forward: ["Moved on", "accent-soft"], won: ["Won", "gain"], open: ["Still there", "neutral"], backward: ["Moved back", "amber"], lost: ["Lost", "loss"], transferred: ["Other pipeline", "second"], deleted: ["Deleted", "line"] };

function fateCard(view) {
  const groups = groupBy(view.select("visits"), "stage_id");
  const stages = view.stages.filter(stage => groups.has(stage.stage_id));
  if (!stages.length) return { empty: "No stage was entered in these months." };
  const number = (stage, became) => sum(rowsOf(groups, stage.stage_id).filter(row => row.became === became), "visits");
  const total = stage => sum(rowsOf(groups, stage.stage_id), "visits");
  const kinds = Object.keys(BECAME).filter(became => stages.some(stage => number(stage, became)));
  return {
    traces: kinds.map(became => ({ type: "bar", orientation: "h", name: BECAME[became][0], marker: { color: colour(BECAME[became][1]) }, y: stages.map(stage => wrap(stage.name, isNarrow() ? 16 : 26)),
      x: stages.map(stage => divide(number(stage, became), total(stage))), customdata: stages.map(stage => `${count(number(stage, became))} of ${count(total(stage))}`),
      hovertemplate: `%{y}<br>${BECAME[became][0]}: %{x:.1%} (%{customdata})<extra></extra>` })),
    layout: { barmode: "stack", yaxis: { autorange: "reversed", ticklabelstandoff: 8, showgrid: false, tickfont: { size: isNarrow() ? 11 : 12 } }, xaxis: { tickformat: ".0%", range: [0, 1] }, bargap: 0.3, showlegend: true },
    height: stages.length * (isNarrow() ? 42 : 34) + 90,
    summary: `Of the entries to each stage: ${stages.map(stage => `${stage.name} ${percent(divide(number(stage, "lost"), total(stage)))} lost`).join(", ")}.`,
    table: { head: ["Stage", "Entries", ...kinds.map(became => BECAME[became][0])], rows: stages.map(stage => [stage.name, cell(total(stage), count(total(stage))), ...kinds.map(became => cell(number(stage, became), count(number(stage, became))))]) },
    note: "Every entry to a stage in the chosen months, re-entries too, has exactly one outcome." };
}

// --- losses and people ---------------------------------------------------------------------------------------

function lossCard(view) {
  const rows = view.select("losses");
  const reasons = [...groupBy(rows, "reason")].map(([reason, found]) => ({ reason, losses: sum(found, "losses"), rows: found })).sort((a, b) => b.losses - a.losses || (a.reason < b.reason ? -1 : 1));
  const total = sum(reasons, "losses");
  if (!total) return { empty: "No deal was lost in these months." };
  const worst = reason => {
    const stages = [...groupBy(reason.rows, "stage_id")].map(([id, found]) => [id, sum(found, "losses")]).sort((a, b) => b[1] - a[1]);
    return view.stages.find(stage => stage.stage_id === stages[0][0])?.name || "no stage";
  };
  return {
    traces: [{ type: "bar", orientation: "h", y: reasons.map(reason => wrap(reason.reason, isNarrow() ? 16 : 24)), x: reasons.map(reason => reason.losses), text: reasons.map(reason => `${count(reason.losses)}  ·  ${percent(reason.losses / total)}`),
      textposition: "outside", cliponaxis: false, marker: { color: colour("loss") }, customdata: reasons.map(reason => plain(worst(reason))), hovertemplate: "%{y}<br>%{text}<br>most of them in %{customdata}<extra></extra>" }],
    layout: { yaxis: { autorange: "reversed", ticklabelstandoff: 8, showgrid: false, tickfont: { size: isNarrow() ? 11 : 12 } }, xaxis: { visible: false, range: [0, reasons[0].losses * (isNarrow() ? 1.75 : 1.4)] }, bargap: 0.35 },
    height: reasons.length * 44 + 30,
    summary: `${count(total)} losses: ${reasons.map(reason => `${reason.reason} ${count(reason.losses)}`).join(", ")}.`,
    table: { head: ["Reason", "Losses", "Share", "Most of them in"], rows: reasons.map(reason => [reason.reason, cell(reason.losses, count(reason.losses)), percent(reason.losses / total), worst(reason)]) },
    note: "Every loss; a deal that was reopened and lost again counts twice." };
}

function lossStageCard(view) {
  const groups = groupBy(view.select("losses"), "stage_id");
  const stages = view.stages.map(stage => ({ ...stage, losses: sum(rowsOf(groups, stage.stage_id), "losses") }));
  const known = new Set(view.stages.map(stage => stage.stage_id));
  const elsewhere = sum(view.select("losses").filter(row => !known.has(row.stage_id)), "losses");
  if (elsewhere) stages.push({ name: "No stage in this pipeline", losses: elsewhere });
  const total = sum(stages, "losses");
  if (!total) return { empty: "No deal was lost in these months." };
  return {
    traces: [{ type: "bar", orientation: "h", y: stages.map(stage => wrap(stage.name, isNarrow() ? 16 : 24)), x: stages.map(stage => stage.losses), text: stages.map(stage => `${count(stage.losses)}  ·  ${percent(stage.losses / total)}`),
      textposition: "outside", cliponaxis: false, marker: { color: colour("loss") }, hovertemplate: "%{y}<br>%{text}<extra></extra>" }],
    layout: { yaxis: { autorange: "reversed", ticklabelstandoff: 8, showgrid: false, tickfont: { size: isNarrow() ? 11 : 12 } }, xaxis: { visible: false, range: [0, Math.max(...stages.map(stage => stage.losses)) * (isNarrow() ? 1.75 : 1.4)] }, bargap: 0.3 },
    height: stages.length * 34 + 30,
    summary: `Losses by stage: ${stages.map(stage => `${stage.name} ${count(stage.losses)}`).join(", ")}.`,
    table: { head: ["Stage", "Losses", "Share"], rows: stages.map(stage => [stage.name, cell(stage.losses, count(stage.losses)), percent(stage.losses / total)]) } };
}

function repCard(view) {
  const people = [...groupBy(view.select("reps"), "owner")].map(([owner, rows]) => ({ owner, rows }));
  if (!people.length) return { empty: "Nobody did anything in these months." };
  const all = { started: "Deals started", entries: "Stage entries", call_1: "Sales call 1", call_2: "Sales call 2", other: "Other activities", wins: "Won", losses: "Lost" };
  // What the CRM's exports do not tell has no column.
  const known = view.select("reps", "");
  const measures = Object.fromEntries(Object.entries(all).filter(([name]) => known.some(row => row[name] != null)));
  const names = Object.keys(measures), sortedBy = measures.wins ? "wins" : "entries";
  const rows = people.map(({ owner, rows: found }) => {
    const sums = Object.fromEntries(names.map(name => [name, sum(found, name)]));
    const rate = measures.wins && measures.losses ? divide(sums.wins, sums.wins + sums.losses) : null;
    return [ownerName(view.crm, owner), ...names.map(name => cell(sums[name], count(sums[name]))), { ...cell(rate, percent(rate)), bar: rate }];
  });
  return { sortable: true, summary: "Activities, wins and losses by owner.",
    body: { head: ["Owner", ...Object.values(measures), "Won share"], rows, sortBy: 1 + names.indexOf(sortedBy) },
    note: `All pipelines; ${AS_OF.names}; the id tells two alike apart. Calls count when completed, by their due month; entries, wins and losses by the owner at that moment.` };
}

// --- pipeline ------------------------------------------------------------------------------------------------

function openCard(view) {
  const groups = groupBy(view.select("open_pipeline"), "month");
  const months = knownMonths(view, "open_pipeline");
  if (!months.some(month => groups.has(month))) return { empty: "No open deal at any of these month ends." };
  const values = column => months.map(month => sum(rowsOf(groups, month), column));
  if (!values("amount").some(Boolean)) return { empty: "No open deal of these months carries an amount." };
  const x = months.map(month => month + "-01");
  const text = months.map(month => `${monthName(month)}: ${count(sum(rowsOf(groups, month), "deals"))} open`);
  return {
    traces: [
      { type: "scatter", mode: "lines+markers", name: "Open amount", x, y: values("amount"), customdata: text, line: { color: colour("accent"), width: 2.5 }, marker: { size: 5 }, fill: "tozeroy", fillcolor: colour("accent") + "14", hovertemplate: "%{customdata}<br>%{y:,.0f}<extra></extra>" },
      { type: "scatter", mode: "lines+markers", name: "Weighted by probability", x, y: values("weighted"), customdata: text, line: { color: colour("second"), width: 2 }, marker: { size: 4 }, hovertemplate: "%{customdata}<br>weighted %{y:,.0f}<extra></extra>" },
    ],
    layout: { yaxis: { tickformat: "~s", title: { text: AS_OF.currency }, rangemode: "tozero" }, xaxis: timeAxis(months), showlegend: true }, height: 320,
    summary: `Open pipeline at month ends; the last: ${shortMoney(values("amount").at(-1), AS_OF.currency)}.`,
    table: { head: ["Month end", "Deals", `Amount, ${AS_OF.currency}`, "Weighted", "Past their close date"], rows: months.map(month => [monthName(month),
      ...["deals", "amount", "weighted", "overdue"].map(column => cell(sum(rowsOf(groups, month), column), count(sum(rowsOf(groups, month), column))))]) } };
}

const timeAxis = months => ({ type: "date", tickformat: "%b<br>%Y", showgrid: false, ...(months.length < 7 ? { tickvals: months.map(month => month + "-01") } : {}) });
const FLOWS = { new: ["New", 1], reopened: ["Reopened", 1], increased: ["Increased", 1], decreased: ["Decreased", -1], won: ["Won", -1], lost: ["Lost", -1] };

function waterfallCard(view) {
  const rows = view.select("waterfall", "months");
  if (!rows.length) return { empty: "No pipeline is known for these months." };
  const [first, last] = [rows[0], rows.at(-1)];
  const flows = Object.entries(FLOWS).map(([name, [label, sign]]) => ({ label, value: sign * sum(rows, name) })).filter(flow => flow.value);
  if (!flows.length && !first.start_amount) return { empty: "No deal of these months carries an amount." };
  const bars = [{ label: "Start", value: first.start_amount }, ...flows, { label: "End", value: last.end_amount }];
  return {
    traces: [{ type: "waterfall", x: bars.map(bar => bar.label), y: bars.map(bar => bar.value), measure: ["absolute", ...flows.map(() => "relative"), "total"], text: bars.map(bar => shortMoney(bar.value, "").trim().replace("-", "−")), textposition: "outside", cliponaxis: false, constraintext: "none", textfont: { size: isNarrow() ? 9 : 11 },
      customdata: bars.map(bar => money(bar.value)), hovertemplate: "%{x}: %{customdata}<extra></extra>", connector: { line: { color: colour("line"), width: 1 } },
      increasing: { marker: { color: colour("gain") } }, decreasing: { marker: { color: colour("loss") } }, totals: { marker: { color: colour("accent") } } }],
    layout: { yaxis: { tickformat: "~s", title: { text: AS_OF.currency } }, xaxis: { type: "category", tickangle: isNarrow() ? -40 : 0, showgrid: false, tickfont: { size: 11 } }, margin: { t: 28 } }, height: 320,
    summary: `Pipeline from ${shortMoney(first.start_amount, AS_OF.currency)} to ${shortMoney(last.end_amount, AS_OF.currency)}: ${flows.map(flow => `${flow.label} ${shortMoney(flow.value, "")}`).join(", ")}.`,
    table: { head: ["", AS_OF.currency], rows: bars.map(bar => [bar.label, cell(bar.value, money(bar.value))]) },
    note: "Start + new + reopened + increased − decreased − won − lost = end, from the first to the last chosen month." };
}

const HEALTH_PARTS = { win_rate_points: ["Win rate", "accent"], overdue_share_points: ["Few overdue", "second"], average_amount_points: ["Deal size", "accent-soft"], open_count_points: ["Volume", "neutral"] };

function healthCard(view) {
  const rows = view.select("health", "months").filter(row => row.score != null);
  if (!rows.length) return { empty: "No quarter of these months has a score." };
  const x = rows.map(row => quarterName(row.quarter).replace(" ", "<br>")), last = rows.at(-1);
  return {
    traces: Object.entries(HEALTH_PARTS).map(([column, [name, tone]]) => ({ type: "bar", name, x, y: rows.map(row => row[column]), marker: { color: colour(tone) }, hovertemplate: `%{x}<br>${name}: %{y} of 25<extra></extra>` })),
    layout: { barmode: "stack", yaxis: { range: [0, 112], tickvals: [0, 25, 50, 75, 100] }, xaxis: { type: "category", showgrid: false, tickfont: { size: 11 } }, bargap: 0.35, showlegend: true,
      annotations: rows.map((row, index) => ({ x: x[index], y: sum([row], "win_rate_points") + row.overdue_share_points + row.average_amount_points + row.open_count_points, text: `<b>${days(row.score).replace(".0", "")}</b>`, showarrow: false, yanchor: "bottom" })) },
    height: 320, summary: `Health score: ${rows.map(row => `${quarterName(row.quarter)} ${row.score}`).join(", ")}.`,
    table: { head: ["Quarter", "Score", "Status", ...Object.values(HEALTH_PARTS).map(([name]) => name)], rows: rows.map(row => [quarterName(row.quarter), cell(row.score, days(row.score)), row.status, ...Object.keys(HEALTH_PARTS).map(column => count(row[column]))]) },
    note: `${quarterName(last.quarter)}: ${last.status.toLowerCase()}${last.is_complete ? "" : " so far"}. Four parts of 25 points; where one lacks data, the score is of the others.` };
}

const METHODS = { blend: "Blend", mean_3: "Mean of 3 months", naive: "Last month again", pipeline_weighted: "Weighted pipeline", seasonal: "Seasonal", trend: "Trend" };
const methodName = method => METHODS[method] || method;

function forecastCard(view, method) {
  const all = view.select("forecast", "");
  const rows = all.filter(row => row.method === method);
  const ahead = rows.filter(row => row.is_current && row.forecast != null), tested = rows.filter(row => !row.is_current && row.month >= addMonths(view.to, -17));
  const actual = tested.filter(row => row.actual != null);
  if (!hasRevenue(view)) return { empty: "No won revenue is known, so there is nothing to forecast." };
  if (!ahead.length && !actual.length) return { empty: `Too little history for the method "${methodName(method)}".` };
  const day = row => row.month + "-01";
  const band = ahead.filter(row => row.low != null);
  const series = (name, points, column, tone, more) => ({ type: "scatter", mode: "lines+markers", name, x: points.map(day), y: points.map(row => row[column]), line: { color: colour(tone), width: 2 }, marker: { size: 5 }, customdata: points.map(row => monthName(row.month)), hovertemplate: `%{customdata}<br>${name}: %{y:,.0f}<extra></extra>`, ...more });
  return {
    traces: [
      { type: "scatter", mode: "lines", x: band.map(day), y: band.map(row => row.low), line: { width: 0 }, hoverinfo: "skip", showlegend: false },
      { type: "scatter", mode: "lines", name: "Interval", x: band.map(day), y: band.map(row => row.high), line: { width: 0 }, fill: "tonexty", fillcolor: colour("accent") + "2b", hoverinfo: "skip" },
      series("Actual", actual, "actual", "ink"),
      series("Said one month before", tested.filter(row => row.forecast != null), "forecast", "accent-soft", { mode: "lines", line: { color: colour("accent-soft"), width: 2, dash: "dot" } }),
      series("Forecast", ahead, "forecast", "accent", { line: { color: colour("accent"), width: 2.5, dash: "dash" } }),
    ],
    layout: { yaxis: { tickformat: "~s", title: { text: AS_OF.currency }, rangemode: "tozero" }, xaxis: { type: "date", tickformat: "%b<br>%Y", showgrid: false }, showlegend: true }, height: 330,
    summary: `Forecast: ${ahead.map(row => `${monthName(row.month)} ${shortMoney(row.forecast, AS_OF.currency)}`).join(", ")}.`,
    table: { head: ["Month", "Actual", "Said one month before", "Forecast", "Low", "High"], rows: [...tested.map(row => [monthName(row.month), cell(row.actual, money(row.actual)), cell(row.forecast, money(row.forecast)), NONE, NONE, NONE]),
      ...ahead.map(row => [monthName(row.month), NONE, NONE, cell(row.forecast, money(row.forecast)), cell(row.low, money(row.low)), cell(row.high, money(row.high))])] },
    note: "The interval is made from the errors of the backtest, bias included, so the forecast need not lie in its middle." };
}

function accuracyCard(view) {
  const rows = view.select("forecast_accuracy", "").filter(row => row.wape != null);
  if (!rows.length) return { empty: "Too little history for a backtest." };
  const horizons = [...groupBy(rows, "horizon").keys()].sort((a, b) => a - b);
  const methods = [...groupBy(rows, "method").keys()].sort((a, b) => (a === "blend" ? -1 : b === "blend" ? 1 : a < b ? -1 : 1));
  const best = new Map(horizons.map(horizon => [horizon, Math.min(...rows.filter(row => row.horizon === horizon).map(row => row.wape))]));
  const find = (method, horizon) => rows.find(row => row.method === method && row.horizon === horizon);
  return { heat: true, summary: "Error of each forecast method by months ahead.",
    body: { head: ["Months ahead", ...horizons], rows: methods.map(method => [methodName(method), ...horizons.map(horizon => {
      const row = find(method, horizon);
      return row ? { value: row.wape, written: Math.round(row.wape * 100) + " %", heat: Math.min(row.wape, 1), isBest: row.wape === best.get(horizon), title: `${row.tests} tests, bias ${relative(row.bias)}` } : cell(null, NONE);
    })]) },
    note: "Sum of absolute errors over the sum of actual revenue (WAPE), each forecast made with what was known then; lower is better, the best of a column is bold. Methods differ in the number of tests they could take." };
}

const DUE = { won: ["Won", "gain"], lost: ["Lost", "loss"], slipped: ["Slipped later", "amber"], pulled: ["Pulled earlier", "second"], overdue: ["Still open, overdue", "neutral"] };

function slippageCard(view) {
  const groups = groupBy(view.select("slippage"), "quarter");
  const quarters = [...groups.keys()].sort();
  if (!quarters.length) return { empty: "Nothing was due in the quarters of these months." };
  const number = (quarter, column) => sum(groups.get(quarter), column);
  const kinds = Object.keys(DUE).filter(kind => quarters.some(quarter => number(quarter, kind)));
  const x = quarters.map(quarter => quarterName(quarter).replace(" ", "<br>"));
  return {
    traces: kinds.map(kind => ({ type: "bar", name: DUE[kind][0], x, y: quarters.map(quarter => number(quarter, kind)), marker: { color: colour(DUE[kind][1]) }, hovertemplate: `%{x}<br>${DUE[kind][0]}: %{y}<extra></extra>` })),
    layout: { barmode: "stack", xaxis: { type: "category", showgrid: false, tickfont: { size: 11 } }, bargap: 0.35, showlegend: true, margin: { t: 30 },
      annotations: quarters.map((quarter, index) => ({ x: x[index], y: number(quarter, "due"), yanchor: "bottom", showarrow: false, text: `<b>${percent(divide(number(quarter, "slipped"), number(quarter, "due")))}</b>`, font: { color: colour("warn") } })) },
    height: 330, summary: `Slipped, of what was due: ${quarters.map(quarter => `${quarterName(quarter)} ${percent(divide(number(quarter, "slipped"), number(quarter, "due")))}`).join(", ")}.`,
    table: { head: ["Quarter", "Due", ...kinds.map(kind => DUE[kind][0]), "Slipped share"], rows: quarters.map(quarter => [quarterName(quarter), cell(number(quarter, "due"), count(number(quarter, "due"))),
      ...kinds.map(kind => cell(number(quarter, kind), count(number(quarter, kind)))), percent(divide(number(quarter, "slipped"), number(quarter, "due")))]) },
    note: "Deals that were due in a quarter when it began. Above a bar: the share that slipped to a later quarter. Owner: the one at the quarter's start." };
}

// --- channels ------------------------------------------------------------------------------------------------

const price = value => isNumber(value) ? times(value) : NONE;
// What is decided by comes first; a narrow screen scrolls to the rest.
const CHANNEL_METRICS = {
  spend: ["Spend", count], revenue: ["Won revenue", count], roas: ["Return on ad spend", times], cost_per_lead: ["Cost per lead", price], cost_per_account: ["Cost per new account", price],
  deals: ["Deals", count], won: ["Won", count], won_rate: ["Won rate", percent],
  impressions: ["Impressions", count], clicks: ["Clicks", count], ctr: ["Click rate", percent], cpc: ["Cost per click", price],
  sessions: ["Sessions", count], cost_per_session: ["Cost per session", price], form_submissions: ["Form submissions", count], site_conversion: ["Site conversion", percent],
};
const COSTS_PER_HEAD = { cost_per_lead: "leads", cost_per_account: "new_accounts" };

function channelCard(view) {
  if (DATA.channels == null) return { empty: "Marketing sources (ad spend, web sessions) are not part of this build." };
  if (!DATA.channels.length) return { empty: "Marketing sources (ad spend, web sessions) are not loaded. Load them, build, and this fills." };
  const rows = view.select("channels", "months");
  if (!rows.length) return { empty: "No ad spend or session in these months." };
  const found = groupBy(rows, "metric"), efficiency = groupBy(view.select("channel_efficiency", "months"), "channel");
  const metrics = [...Object.keys(CHANNEL_METRICS).filter(metric => found.has(metric) || COSTS_PER_HEAD[metric]), ...[...found.keys()].filter(metric => !CHANNEL_METRICS[metric])];
  const [label, write] = [metric => CHANNEL_METRICS[metric]?.[0] || capital(metric.replaceAll("_", " ")), metric => CHANNEL_METRICS[metric]?.[1] || times];
  const value = (groups, metric) => {
    const parts = rowsOf(groups, metric);
    return parts.some(row => row.aggregation === "ratio") ? divide(sumOrNull(parts, "value"), sum(parts, "divisor")) : sumOrNull(parts, "value");
  };
  const perHead = (channel, heads) => {
    const paid = rowsOf(efficiency, channel).filter(row => row.is_paid && row.spend != null);
    return divide(sumOrNull(paid, "spend"), sum(paid, heads));
  };
  const channels = [...groupBy(rows, "channel")].map(([channel, own]) => ({ channel, groups: groupBy(own, "metric") }));
  channels.sort((a, b) => (value(b.groups, "spend") || 0) - (value(a.groups, "spend") || 0) || (a.channel < b.channel ? -1 : 1));
  const bars = ["spend", "revenue"].filter(metric => found.has(metric));
  return {
    traces: bars.map((metric, index) => ({ type: "bar", name: label(metric), x: channels.map(channel => wrap(channel.channel, 12)), y: channels.map(channel => value(channel.groups, metric)), marker: { color: colour(index ? "gain" : "accent") }, hovertemplate: `%{x}<br>${label(metric)}: %{y:,.0f}<extra></extra>` })),
    layout: { barmode: "group", yaxis: { tickformat: "~s", title: { text: AS_OF.currency } }, xaxis: { type: "category", showgrid: false }, showlegend: true }, height: 300,
    summary: `Channels: ${channels.map(channel => `${channel.channel} return on ad spend ${times(value(channel.groups, "roas"))}`).join(", ")}.`,
    body: { head: ["Channel", ...metrics.map(label)], rows: channels.map(({ channel, groups }) => [channel, ...metrics.map(metric => {
      const figure = COSTS_PER_HEAD[metric] ? perHead(channel, COSTS_PER_HEAD[metric]) : value(groups, metric);
      return cell(figure, write(metric)(figure));
    })]) },
    note: `Rates are sums over the chosen months, divided. Revenue is won revenue of the same months; unpaid channels have no costs. Amounts in ${AS_OF.currency}.` };
}
