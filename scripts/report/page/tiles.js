"use strict";
// The first row, for a leader: revenue, pipeline, forecast, win rate and the biggest leak, each with what it is
// compared with and its number of deals. A tile has a value, or a sentence that says why there is none.

function tiles(view) {
  const byDomain = { pipeline: [revenueTile, openTile, forecastTile, winRateTile], funnel: [leakTile] };
  return Object.entries(byDomain).flatMap(([domain, makers]) =>
    SWITCHED_OFF.includes(domain) || !view.crm ? [] : makers.map(make => make(view)),
  );
}

/** Pipeline reports are by CRM: said where it has several pipelines. */
const ofAll = view => (DATA.pipelines.filter(row => row.crm === view.crm).length > 1 ? ", all pipelines" : "");
const soFar = view => (isOver(view.to) ? "" : " so far");
const NO_QUOTA = "No quota set: a file sales_quotas.csv among the exports sets it.";

/** What was won and lost in months: {won, lost, closed, amount, missing}; amount is null where none is known. */
function closings(view, months, follows = "owner") {
  const rows = view.select("closings", follows).filter(row => months.includes(row.month));
  const [won, lost] = [sum(rows, "won"), sum(rows, "lost")];
  return { won, lost, closed: won + lost, amount: sumOrNull(rows, "amount"), missing: sum(rows, "missing_amount") };
}

const hasMonth = (view, name, month) => view.select(name, "").some(row => row.month <= month);

function revenueTile(view) {
  const quarter = quarterOf(view.to),
    months = monthsBetween(quarter, view.to),
    name = rangeName(quarter, view.to) + soFar(view);
  const tile = {
    id: "revenue",
    label: `Won revenue, ${name}`,
    sentence: lacking(view, "wins", "win_dates", "amounts"),
  };
  if (tile.sentence) return tile;
  const won = closings(view, months),
    lastYear = months.map(month => addMonths(month, -12)),
    then = closings(view, lastYear);
  if (!won.won) return { ...tile, sentence: `Nothing was won in ${name}.` };
  if (won.amount == null)
    return { ...tile, sentence: `The ${plural(won.won, "win")} of ${name} have no amount in a known currency.` };
  const quota = sumOrNull(
    view.select("quotas", "owner").filter(row => row.month === view.to),
    "quota",
  );
  const yearAgo = then.amount
    ? `${shortMoney(then.amount, AS_OF.currency)} in ${rangeName(lastYear[0], lastYear.at(-1))}`
    : "";
  const unpriced = won.missing ? `, ${won.missing} of them without an amount` : "";
  const detail = `${plural(won.won, "win")}${ofAll(view)}${unpriced}.`;
  tile.value = shortMoney(won.amount, AS_OF.currency);
  tile.pick = pickClosed(view, months, `Won in ${name}`, status => status === "won");
  if (quota) {
    const share = won.amount / quota,
      gone = months.length / 3;
    return {
      ...tile,
      change: share - gone,
      isTelling: isTelling(won.won),
      written: `${percent(share)} of the quota`,
      detail: sentences(
        detail,
        `Quota of ${quarterName(quarter)}: ${shortMoney(quota, AS_OF.currency)}.`,
        yearAgo && `${capital(yearAgo)}.`,
      ),
    };
  }
  if (!then.amount)
    return { ...tile, detail: sentences(detail, "Nothing was won in the same months of last year.", NO_QUOTA) };
  return {
    ...tile,
    change: won.amount / then.amount - 1,
    isTelling: isTelling(won.won, then.won),
    written: `${relative(won.amount / then.amount - 1)} on ${rangeName(lastYear[0], lastYear.at(-1))}`,
    detail: sentences(detail, `${plural(then.won, "win")} then.`, NO_QUOTA),
  };
}

function openTile(view) {
  const tile = { id: "open", label: `Open pipeline, end of ${monthName(view.to)}` };
  if (lacking(view, "wins")) return { ...tile, sentence: `${lacking(view, "wins")} ${NO_WINS}` };
  if (!hasMonth(view, "open_pipeline", view.to))
    return { ...tile, sentence: `No deal was open at the end of ${monthName(view.to)}.` };
  const months = groupBy(view.select("open_pipeline", "owner"), "month"),
    now = rowsOf(months, view.to),
    deals = sum(now, "deals");
  if (!deals) return { ...tile, sentence: `No deal was open at the end of ${monthName(view.to)}.` };
  const yearAgo = addMonths(view.to, -12),
    base = view.compare === "year" || rowsOf(months, yearAgo).length ? yearAgo : addMonths(view.to, -1);
  const measure = lacking(view, "amounts") || !sum(now, "amount") ? "deals" : "amount";
  const [value, before] = [sum(now, measure), sum(rowsOf(months, base), measure)];
  const overdue = sum(now, "overdue");
  return {
    ...tile,
    value: measure === "deals" ? plural(deals, "deal") : shortMoney(value, AS_OF.currency),
    change: before ? value / before - 1 : null,
    isNeutral: true,
    written: before ? `${relative(value / before - 1)} on ${monthName(base)}` : null,
    pick: pickOpen(view, view.to, `Open at the end of ${monthName(view.to)}`),
    detail: sentences(
      measure === "deals" ? "Amounts are not in this export." : `${plural(deals, "deal")}${ofAll(view)}.`,
      overdue && `${plural(overdue, "deal")} past their close date.`,
      measure === "amount" && coverageOf(view),
    ),
  };
}

/** Is there enough for the quota of the quarter? */
function coverageOf(view) {
  const rows = view.select("quotas", "owner").filter(row => row.month === view.to),
    quarter = quarterOf(view.to),
    quota = sumOrNull(rows, "quota");
  if (!quota) return "No quota set, so no coverage.";
  const left = quota - (closings(view, monthsBetween(quarter, view.to)).amount || 0),
    due = sum(rows, "due");
  return left > 0
    ? `Due this quarter: ${shortMoney(due, AS_OF.currency)}, ${times(due / left)} times what the quota still lacks.`
    : "The quota of this quarter is met.";
}

function forecastTile(view) {
  const tile = { id: "forecast", label: "Expected revenue", sentence: noForecast(view) };
  if (tile.sentence) return tile;
  const next = view
    .select("forecast", "")
    .find(row => row.is_current && row.method === "blend" && row.forecast != null);
  if (!next) return { ...tile, sentence: "There is too little history for a forecast." };
  const tested = view.select("forecast_accuracy", "").find(row => row.method === "blend" && row.horizon === 1);
  const yearAgo = closings(view, [addMonths(next.month, -12)], "");
  return {
    ...tile,
    label: `Expected revenue, ${monthName(next.month)}`,
    value: shortMoney(next.forecast, AS_OF.currency),
    change: yearAgo.amount ? next.forecast / yearAgo.amount - 1 : null,
    isNeutral: true,
    written: yearAgo.amount
      ? `${relative(next.forecast / yearAgo.amount - 1)} on ${monthName(addMonths(next.month, -12))}`
      : null,
    detail: sentences(
      next.low != null
        ? `Between ${shortMoney(next.low)} and ${shortMoney(next.high)} in 8 of 10 cases${ofAll(view)}.`
        : `There are too few past forecasts for an interval${ofAll(view)}.`,
      tested?.wape != null &&
        `The forecasts of ${plural(tested.tests, "month")} were off by ${Math.round(tested.wape * 100)}\u00a0%.`,
    ),
  };
}

function winRateTile(view) {
  const quarter = quarterOf(view.to),
    months = monthsBetween(quarter, view.to),
    before = months.map(month => addMonths(month, view.compare === "year" ? -12 : -3));
  const tile = {
    id: "win-rate",
    label: `Win rate, ${rangeName(quarter, view.to)}${soFar(view)}`,
    sentence: lacking(view, "wins", "losses", "win_dates", "loss_dates"),
  };
  if (tile.sentence) return tile;
  const [now, then] = [closings(view, months), closings(view, before)];
  if (!now.closed) return { ...tile, sentence: `No deal was won or lost in ${rangeName(quarter, view.to)}.` };
  const [rate, earlier] = [now.won / now.closed, divide(then.won, then.closed)];
  return {
    ...tile,
    value: percent(rate),
    change: earlier == null ? null : rate - earlier,
    isTelling: isTelling(now.closed, then.closed),
    written: earlier == null ? null : `${points(rate - earlier)} on ${rangeName(before[0], before.at(-1))}`,
    pick: pickClosed(view, months, `Won or lost in ${rangeName(quarter, view.to)}`, status => status !== "open"),
    detail: sentences(
      `${count(now.won)} won, ${count(now.lost)} lost${ofAll(view)}.`,
      earlier != null && `${plural(then.closed, "deal")} closed then.`,
      earlier == null && "Nothing was closed in the months before.",
    ),
  };
}

function leakTile(view) {
  const funnel = cohortFunnel(view),
    leak = biggestLeak(funnel);
  const tile = { id: "leak", wide: true, label: "Biggest leak of the funnel" };
  if (!funnel.steps.length) return { ...tile, sentence: "No funnel steps are defined for this pipeline." };
  if (!funnel.deals) return { ...tile, sentence: `No deal began in ${view.range}.` };
  if (!leak)
    return {
      ...tile,
      sentence: `Too few deals began in ${view.range} to say: ${count(funnel.deals)}, and a step needs ${MIN_SAMPLE}.`,
    };
  const then = cohortFunnel({ ...view, months: funnel.months.map(comparedWith(view)) }),
    earlier = then.steps.find(step => step.step === leak.step);
  const change = earlier?.share == null ? null : leak.share - earlier.share;
  return {
    ...tile,
    value: leak.name,
    kind: "leak",
    change,
    isTelling: isTelling(leak.from, earlier?.from || 0),
    written:
      change == null ? null : `${points(change)} on ${view.compare === "year" ? "a year before" : "the months before"}`,
    pick: funnel.pick(`Reached ${leak.previous}, not ${leak.name}`, leak.index - 1, leak.index),
    detail: `${percent(leak.share)} of ${plural(leak.from, "deal")} got there from ${leak.previous}; ${funnel.of}.`,
    steps: funnel.steps.slice(1).map(step => ({
      ...step,
      rate: step.share,
      written: isNumber(step.share) ? Math.round(step.share * 100) + "%" : NONE,
      isWeak: step.step === leak.step,
    })),
  };
}

function drawTile(tile) {
  const colour = !tile.isNeutral && tile.isTelling && tile.change ? (tile.change > 0 ? "good" : "bad") : "";
  const value = tile.sentence
    ? element("p", { class: "sentence" }, tile.sentence)
    : element("p", { class: "value" }, tile.pick ? figureButton(tile.pick, tile.value) : tile.value);
  return element(
    "section",
    { class: `tile ${tile.wide ? "wide" : ""} ${tile.kind || ""}`, id: "tile-" + tile.id, "aria-label": tile.label },
    element("h2", {}, tile.label),
    value,
    tile.written ? element("p", { class: `change ${colour}` }, tile.written) : null,
    tile.detail ? element("p", { class: "detail" }, tile.detail) : null,
    tile.steps ? drawSteps(tile) : null,
    tile.steps ? element("p", { class: "note" }, "Share of the step before, by the step's number.") : null,
  );
}

/** Small columns: one figure per step, the one to look at marked. */
function drawSteps({ steps }) {
  const highest = Math.max(...steps.map(step => step.rate || 0)) || 1;
  return element(
    "div",
    {
      class: "steps",
      role: "img",
      "aria-label": `Share of the step before: ${steps.map(step => `${step.name} ${step.written}`).join(", ")}`,
    },
    steps.map(step => {
      const bar = element("i");
      bar.style.height = `${Math.max(2, (30 * (step.rate || 0)) / highest)}px`;
      return element(
        "div",
        { class: step.isWeak && "weak", title: `${step.name}: ${step.written}` },
        bar,
        step.written,
        element("br"),
        String(step.step),
      );
    }),
  );
}
