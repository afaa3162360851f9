"use strict";
// Where deals go. A card gets the view and returns {answer} in a sentence, {chart} to draw and/or {body}, a table to
// show, {table} with the figures of the chart, {summary} for a screen reader, {note}; or {empty}: the sentence on why
// there is nothing.

/**
 * The funnel of the deals that began in the chosen months: of them, how many reached each stage step, ever. Months
 * whose deals are younger than the longest horizon are left out where there are older ones, since their deals are
 * still on their way.
 */
function cohortFunnel(view) {
  const chain = view.steps.filter(step => step.event_type === "stage");
  const rows = view.select("cohorts", "owner").filter(row => view.months.includes(row.month));
  const horizon = (DATA.horizons || []).at(-1);
  const ripe = horizon
    ? view.months.filter(month => rows.some(row => row.month === month && row[horizon.horizon] != null))
    : [];
  const months = ripe.length ? ripe : view.months,
    groups = groupBy(
      rows.filter(row => months.includes(row.month)),
      "step",
    );
  const reachedBy = step => sum(rowsOf(groups, step.step), "ever");
  const steps = chain.map((step, index) => ({
    step: step.step,
    name: step.name,
    index,
    deals: reachedBy(step),
    previous: chain[index - 1]?.name,
    from: index ? reachedBy(chain[index - 1]) : 0,
    share: index ? divide(reachedBy(step), reachedBy(chain[index - 1])) : null,
  }));
  const place = new Map(chain.map((step, index) => [step.step, index]));
  return {
    steps,
    months,
    deals: steps[0]?.deals || 0,
    of:
      `deals that began ${months.length ? rangeName(months[0], months.at(-1)) : "then"}` +
      (ripe.length && horizon ? `, ${horizon.days} days or more ago` : ""),
    // The deals that began then and reached the step at `from`, and not the one at `before`.
    pick: (title, from, before = Infinity) =>
      pickDeals(
        view,
        title,
        "deal_steps",
        "owner",
        row => months.includes(row.month) && place.get(row.ever) >= from && place.get(row.ever) < before,
      ),
  };
}

/** The step that the smallest share of the deals of the step before reached, among those with enough deals. */
const biggestLeak = funnel =>
  funnel.steps
    .filter(step => step.share != null && step.share < 1 && step.from >= MIN_SAMPLE)
    .sort((a, b) => a.share - b.share)[0];

function funnelCard(view) {
  const funnel = cohortFunnel(view),
    leak = biggestLeak(funnel),
    first = funnel.deals;
  if (!funnel.steps.length) return { empty: "No funnel steps are defined for this pipeline." };
  if (!first) return { empty: `No deal began in ${view.range}.` };
  const last = funnel.steps.at(-1);
  const pick = step => funnel.pick(`Reached ${step.name}`, step.index);
  return {
    answer:
      `Of ${plural(first, "deal")} that began ${rangeName(funnel.months[0], funnel.months.at(-1))}, ` +
      `${last.deals ? `${count(last.deals)} (${percent(last.deals / first)})` : "none"} got as far as ${last.name}` +
      (leak ? `; the biggest leak is before ${leak.name}, where ${percent(leak.share)} get on.` : "."),
    chart: {
      kind: "bars",
      rows: funnel.steps.map(step => ({
        label: step.name,
        pick: pick(step),
        text: step.share == null ? count(step.deals) : `${count(step.deals)}  ·  ${percent(step.share)}`,
        tip:
          `${step.name}: ${count(step.deals)}` +
          (step.share == null ? "" : `, ${percent(step.share)} of ${step.previous}`),
        values: [step.deals],
      })),
      series: [{ name: "Deals", tone: "accent", tones: funnel.steps.map(step => (step === leak ? "lost" : null)) }],
    },
    summary: `Funnel: ${funnel.steps.map(step => `${step.name} ${count(step.deals)}`).join(", ")}.`,
    table: {
      head: ["Step", "Name", "Deals", "Of the step before", "Of all"],
      rows: funnel.steps.map(step => [
        step.step,
        step.name,
        counted(step.deals, pick(step)),
        !step.index ? "" : step.share == null ? "none before" : percent(step.share),
        percent(divide(step.deals, first)),
      ]),
    },
    note:
      `Of the ${funnel.of}, those that got to a step or beyond it. The share is of the step before.` +
      (funnel.months.length < view.months.length ? " Younger ones are still on their way." : ""),
  };
}

const HORIZONS = {
  ever: "Ever",
  ...Object.fromEntries((DATA.horizons || []).map(row => [row.horizon, `Within ${row.days} days`])),
};

function cohortCard(view, horizon) {
  const cohorts = groupBy(view.select("cohorts"), "month"),
    months = [...cohorts.keys()].sort().reverse();
  const steps = view.steps.filter(step => step.event_type === "stage"),
    place = new Map(steps.map((step, index) => [step.step, index]));
  if (!months.length || steps.length < 2)
    return {
      empty: months.length
        ? "This pipeline has a single step, so there is no conversion."
        : `No deal began in ${view.range}.`,
    };
  const share = (month, step) => {
    const rows = cohorts.get(month).filter(row => row.step === step.step),
      reached = sumOrNull(rows, horizon);
    return { deals: sum(rows, "deals"), reached, share: reached == null ? null : divide(reached, sum(rows, "deals")) };
  };
  const pick = (month, step) =>
    pickDeals(
      view,
      `Began in ${monthName(month)}, reached ${step.name}`,
      "deal_steps",
      "owner",
      row => row.month === month && (step === steps[0] || place.get(row[horizon]) >= place.get(step.step)),
    );
  const second = steps[1];
  const [now, then] = [view.months, view.months.map(comparedWith(view))].map(chosen => {
    const rows = view.select("cohorts", "owner").filter(row => row.step === second.step && row[horizon] != null);
    const known = rows.filter(row => chosen.includes(row.month));
    return { deals: sum(known, "deals"), reached: sum(known, horizon) };
  });
  const tell = part => (isTelling(part.deals) ? percent(part.reached / part.deals) : count(part.reached));
  return {
    answer: now.deals
      ? `${tell(now)} of ${plural(now.deals, "deal")} got from ${steps[0].name} to ` +
        second.name +
        (horizon === "ever" ? "" : ` ${HORIZONS[horizon].toLowerCase()}`) +
        (hasMonth(view, "cohorts", comparedWith(view)(view.from)) && then.deals
          ? `, ${tell(then)} of ${count(then.deals)} ${lowerFirst(comparisonName(view))}.`
          : ".")
      : `No deal of these months is old enough to say what it reached ${HORIZONS[horizon].toLowerCase()}.`,
    heat: true,
    body: {
      head: ["Began in", "Deals", ...steps.slice(1).map(step => step.name)],
      rows: months.map(month => [
        monthName(month),
        counted(share(month, steps[0]).deals, pick(month, steps[0])),
        ...steps.slice(1).map(step => {
          const entry = share(month, step);
          return {
            ...cell(
              entry.reached,
              entry.reached == null ? "" : Math.round(entry.share * 100) + " %",
              pick(month, step),
            ),
            heat: entry.share,
            title: entry.reached == null ? "too young" : `${count(entry.reached)} of ${count(entry.deals)}`,
          };
        }),
      ]),
    },
    note:
      "Of the deals that began in a month, the share that got to a step or beyond it. " +
      (horizon === "ever" ? "Young months are still on their way." : "Empty: the whole month is not that old yet."),
  };
}

function trendCard(view) {
  const months = knownMonths(view, "funnel");
  const counts = groupBy(
    view.select("funnel", "owner").map(row => ({ ...row, key: row.step + " " + row.month })),
    "key",
  );
  const entries = (step, month) => sum(rowsOf(counts, step.step + " " + month), "deals");
  if (!months.some(month => view.steps.some(step => entries(step, month))))
    return { empty: `No deal entered a step in ${view.range}.` };
  const shown = view.steps.filter(
    step => !(step.step === "Won" && lacking(view, "wins")) && !(step.step === "Lost" && lacking(view, "losses")),
  );
  const first = shown[0],
    last = months.at(-1),
    back = comparedWith(view),
    has = month => hasMonth(view, "funnel", month);
  const pick = (step, chosen, range) =>
    pickDeals(
      view,
      `Entered ${step.name} in ${range}`,
      "deal_entries",
      "owner",
      row => row.step === step.step && chosen.includes(row.month),
    );
  const together = step => months.reduce((all, month) => all + entries(step, month), 0);
  const [now, then] = [entries(first, last), entries(first, back(last))];
  return {
    answer:
      `${plural(now, "deal")} entered ${first.name} in ${monthName(last)}${soFar({ to: last })}` +
      (has(back(last)) ? `, ${count(then)} in ${monthName(back(last))}.` : "."),
    chart: {
      kind: "panels",
      months,
      panels: shown.map(step => ({
        title: step.name,
        tone:
          step.event_type === "outcome"
            ? step.step === "Won"
              ? "won"
              : "lost"
            : step.event_type === "activity"
              ? "open"
              : "accent",
        values: months.map(month => entries(step, month)),
        before: months.map(month => (has(back(month)) ? entries(step, back(month)) : null)),
        picks: months.map(month => pick(step, [month], monthName(month))),
      })),
      comparison: comparisonName(view),
    },
    summary:
      `Deals that entered each step by month. In ${monthName(last)}: ` +
      `${shown.map(step => `${step.name} ${count(entries(step, last))}`).join(", ")}.`,
    table: {
      head: ["Step", "Name", ...months.map(monthName), "Together"],
      rows: shown.map(step => [
        step.step,
        step.name,
        ...months.map(month => counted(entries(step, month), pick(step, [month], monthName(month)))),
        counted(together(step), pick(step, months, rangeName(months[0], last))),
      ]),
    },
    note: sentences(
      "First entries to a step; each panel has its own scale, and the figure is the last month's. Calls " +
        "count at their step.",
      shown.length < view.steps.length && (lacking(view, "wins") || lacking(view, "losses")),
    ),
  };
}

const CREATED = { won: ["Won", "won"], open: ["Still open", "open"], lost: ["Lost", "lost"] };

function createdCard(view) {
  if (lacking(view, "wins")) return { empty: lacking(view, "wins") };
  const rows = view.select("new_deals", "months"),
    all = sum(rows, "created");
  if (!all) return { empty: `No deal was created in ${view.range}.` };
  const pick = (row, statuses, written) =>
    pickDeals(
      view,
      `Created in ${monthName(row.month)}${written}`,
      "deals",
      "",
      deal => statuses.includes(deal.status) && deal.created?.slice(0, 7) === row.month,
    );
  const pickOf = (row, status) => pick(row, [status], `, ${lowerFirst(CREATED[status][0])}`);
  const back = comparedWith(view);
  const known = new Map(view.select("new_deals", "").map(row => [row.month, row.created]));
  const before = rows.map(row => known.get(back(row.month)) ?? null);
  const then = before.every(isNumber) ? before.reduce((total, value) => total + value, 0) : null;
  return {
    answer:
      `Of ${plural(all, "deal")} created, ` +
      `${sum(rows, "won") ? percent(sum(rows, "won") / all) : "none"} ` +
      `${sum(rows, "won") === 1 ? "is" : "are"} won, ` +
      `${sum(rows, "open") ? percent(sum(rows, "open") / all) : "none"} still open.` +
      (then ? ` ${comparisonName(view)}, ${plural(then, "deal")} ${then === 1 ? "was" : "were"} created.` : ""),
    chart: {
      kind: "columns",
      stacked: true,
      labels: rows.map(row => row.month),
      isMonths: true,
      unit: "Deals",
      series: Object.entries(CREATED).map(([column, [name, tone]]) => ({
        name,
        tone,
        values: rows.map(row => row[column]),
        picks: rows.map(row => pickOf(row, column)),
      })),
      line: before.some(isNumber) ? { name: comparisonName(view), tone: "muted", values: before } : null,
    },
    summary: `Deals by month of creation: ${count(all)} in all, ${count(sum(rows, "won"))} won.`,
    table: {
      head: ["Created in", "Created", comparisonName(view), "Won", "Still open", "Lost", "Won share"],
      rows: rows.map((row, index) => [
        monthName(row.month),
        counted(row.created, pick(row, Object.keys(CREATED), "")),
        compared(before[index], count),
        ...["won", "open", "lost"].map(column => counted(row[column], pickOf(row, column))),
        row.created ? percent(row.won / row.created) : "none created",
      ]),
    },
    note: "Young months still have much open: compare months of the same age.",
  };
}
