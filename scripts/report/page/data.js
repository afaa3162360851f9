"use strict";
// The data sets of the page, what the filters leave of them, and sums. Ratios are made from sums, never added.

const CODES = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const PLACES = new Map([...CODES].map((code, place) => [code, place]));

/** A column: a list of values, or its distinct ones (of) and the place of each among them (at), in a letter or two. */
function readColumn(column) {
  if (Array.isArray(column)) return column;
  const { of, at } = column;
  if (of.length <= CODES.length) return [...at].map(code => of[PLACES.get(code)]);
  return at.match(/../g).map(([high, low]) => of[PLACES.get(high) * CODES.length + PLACES.get(low)]);
}

function readTable(table) {
  const columns = Object.entries(table).map(([name, column]) => [name, readColumn(column)]);
  return (columns[0]?.[1] || []).map((_, index) =>
    Object.fromEntries(columns.map(([name, values]) => [name, values[index]])),
  );
}

/** Rows of deals: of each the deal itself, which lies `after` so many others than that of the row before. */
function linkDeals(rows) {
  let place = 0;
  for (const row of rows) {
    place += row.after;
    row.deal = DATA.deals[place];
    row.crm = row.deal.crm;
  }
  return rows;
}

const DATA = {};
const TABLES = JSON.parse(byId("data").textContent);
for (const [name, table] of Object.entries(TABLES)) {
  if (!name.startsWith("deal")) DATA[name] = table && readTable(table);
  // Deals are read when they are first asked for, which the page does not need to be drawn.
  else if (table) {
    Object.defineProperty(DATA, name, {
      configurable: true,
      get() {
        const rows = name === "deals" ? readTable(table) : linkDeals(readTable(table));
        Object.defineProperty(DATA, name, { value: rows });
        return rows;
      },
    });
  }
}
const AS_OF = DATA.as_of[0] || {};
const SWITCHED_OFF = AS_OF.switched_off?.split(", ") || [];
const MIN_SAMPLE = AS_OF.min_sample || 10;
if (DATA.funnel) {
  const entered = new Set(DATA.funnel.map(row => row.crm + ":" + row.pipeline_id));
  const withEntries = new Set(DATA.funnel.map(row => row.crm));
  DATA.pipelines = DATA.pipelines.filter(row => entered.has(row.pipeline) || !withEntries.has(row.crm));
}
// A step that is a stage is written as the CRM writes the stage, where they differ in capitals only.
for (const step of DATA.steps) {
  step.name =
    DATA.stages.find(
      row =>
        row.crm === step.crm &&
        row.pipeline_id === step.pipeline_id &&
        row.name.toLowerCase() === step.name.toLowerCase(),
    )?.name || step.name;
}
const ownerNames = new Map(DATA.owners.map(row => [row.crm + ":" + row.owner, row.name]));
const stageNames = new Map(DATA.stages.map(row => [row.crm + ":" + row.stage_id, row.name]));
const CRM_NAMES = { pipedrive: "Pipedrive", salesforce: "Salesforce", hubspot: "HubSpot" };
const crmName = crm => CRM_NAMES[crm] || crm;

/** A masked name is not unique, so the id stands beside it. */
function ownerName(crm, owner) {
  if (owner === "others") return "All other owners";
  const name = ownerNames.get(crm + ":" + owner);
  return name && name !== owner ? `${name} (${owner.length > 8 ? "…" + owner.slice(-6) : owner})` : owner;
}

/** Every month that any data set knows, without a gap. */
function allMonths() {
  let first = null,
    last = null;
  for (const name of ["funnel", "open_pipeline", "waterfall", "channels"]) {
    for (const { month } of DATA[name] || []) {
      if (!first || month < first) first = month;
      if (!last || month > last) last = month;
    }
  }
  return first ? monthsBetween(first, last) : [];
}

const lastDay = month => month && new Date(Date.UTC(+month.slice(0, 4), +month.slice(5), 0)).toISOString().slice(0, 10);
const isOver = month => !AS_OF.as_of_date || AS_OF.as_of_date >= lastDay(month);

/** First month of the fiscal quarter that holds a month: quarters begin where the one of today does. */
function quarterOf(month) {
  const offset = AS_OF.current_quarter ? (+AS_OF.current_quarter.slice(5) - 1) % 3 : 0;
  return addMonths(month, -((+month.slice(5) - 1 - offset + 3) % 3));
}

/**
 * The month on which a pipeline's page opens: the newest complete one whose entries to the first step are above zero
 * and at least half the median of the six months before; else the newest complete one. An export often ends in months
 * that it barely holds.
 */
function openingMonth(pipeline, months) {
  const complete = months.filter(isOver);
  const first = DATA.steps.find(
    row => `${row.crm}:${row.pipeline_id}` === pipeline && row.event_type === "stage",
  )?.step;
  const entries = new Map(complete.map(month => [month, 0]));
  for (const row of DATA.funnel || []) {
    if (row.step === first && `${row.crm}:${row.pipeline_id}` === pipeline && entries.has(row.month))
      entries.set(row.month, entries.get(row.month) + row.deals);
  }
  const isTypical = (month, index) =>
    entries.get(month) > 0 &&
    entries.get(month) >= median(complete.slice(Math.max(0, index - 6), index).map(one => entries.get(one))) / 2;
  return complete.filter(isTypical).at(-1) || complete.at(-1) || months.at(-1) || "";
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b),
    middle = sorted.length / 2;
  return sorted.length ? (sorted[Math.ceil(middle) - 1] + sorted[Math.floor(middle)]) / 2 : 0;
}

/**
 * What the page shows now. `select(name, follows)` are the rows of a data set that the filters leave: `follows` says
 * which of them it obeys; the CRM and the pipeline it always obeys where it has such a column.
 */
function makeView(state) {
  const pipeline = DATA.pipelines.find(row => row.pipeline === state.pipeline) || {};
  const view = { ...state, crm: pipeline.crm, pipelineId: pipeline.pipeline_id, pipelineName: pipeline.label };
  view.months = monthsBetween(state.from, state.to);
  view.steps = DATA.steps.filter(row => row.crm === view.crm && row.pipeline_id === view.pipelineId);
  view.stages = DATA.stages.filter(row => row.crm === view.crm && row.pipeline_id === view.pipelineId);
  // `follows` says which filters are obeyed; "any-pipeline" and "any-crm" take rows of others too.
  view.select = (name, follows = "months owner") =>
    (DATA[name] || []).filter(
      row =>
        (row.crm === undefined || follows.includes("any-crm") || row.crm === view.crm) &&
        (row.pipeline_id === undefined || follows.includes("any-pipeline") || row.pipeline_id === view.pipelineId) &&
        (!follows.includes("months") ||
          row.month === undefined ||
          (row.month >= state.from && row.month <= state.to)) &&
        (!follows.includes("months") ||
          row.quarter === undefined ||
          (row.quarter <= state.to && addMonths(row.quarter, 2) >= state.from)) &&
        (!follows.includes("owner") || !state.owner || row.owner === undefined || row.owner === state.owner),
    );
  view.range = state.to ? rangeName(state.from, state.to) : "";
  view.scope = (follows, pipelineText) =>
    [
      follows.includes("months") ? view.range : "all months",
      pipelineText || `${crmName(view.crm)} · ${view.pipelineName}`,
      follows.includes("owner") && state.owner ? ownerName(view.crm, state.owner) : "all owners",
    ].join(" · ");
  return view;
}

const sum = (rows, column) => rows.reduce((total, row) => total + (row[column] || 0), 0);

/** Sum that stays null when no row has a value, as a horizon that no cohort has reached. */
const sumOrNull = (rows, column) => (rows.some(row => row[column] != null) ? sum(rows, column) : null);

function groupBy(rows, column) {
  const groups = new Map();
  for (const row of rows) {
    if (!groups.has(row[column])) groups.set(row[column], []);
    groups.get(row[column]).push(row);
  }
  return groups;
}

const rowsOf = (groups, key) => groups.get(key) || [];

/** The chosen months that lie within what a data set knows of the CRM and pipeline. */
function knownMonths(view, name) {
  const known = view
    .select(name, "")
    .map(row => row.month)
    .sort();
  return view.months.filter(month => month >= known[0] && month <= known.at(-1));
}

/** The month that a month is compared with: a year before, or as many months before as are shown. */
const comparedWith = view =>
  view.compare === "year" ? month => addMonths(month, -12) : month => addMonths(month, -view.months.length);
/** The same for quarters, of which so many are shown. */
const quarterComparedWith = (view, shown) => quarter => addMonths(quarter, view.compare === "year" ? -12 : -3 * shown);
const quarterComparisonName = (view, shown) =>
  view.compare === "year" ? "A year before" : shown === 1 ? "The quarter before" : `The ${shown} quarters before`;
const comparisonName = view =>
  view.compare === "year"
    ? "A year before"
    : view.months.length === 1
      ? "The month before"
      : `The ${view.months.length} months before`;
