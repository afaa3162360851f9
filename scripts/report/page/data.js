"use strict";
// The data sets of the page, what the filters leave of them, and sums. Ratios are made from sums, never added.

const DATA = {};
for (const [name, table] of Object.entries(JSON.parse(document.getElementById("data").textContent))) {
  DATA[name] = table && table.rows.map(row => Object.fromEntries(table.columns.map((column, index) => [column, row[index]])));
}
const AS_OF = DATA.as_of[0] || {};
const SWITCHED_OFF = AS_OF.switched_off?.split(", ") || [];
if (DATA.funnel) {
  const entered = new Set(DATA.funnel.map(row => row.crm + ":" + row.pipeline_id));
  DATA.pipelines = DATA.pipelines.filter(row => entered.has(row.pipeline));
}
const ownerNames = new Map(DATA.owners.map(row => [row.crm + ":" + row.owner, row.name]));
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
  let first = null, last = null;
  for (const name of ["funnel", "open_pipeline", "waterfall", "channels"]) {
    for (const { month } of DATA[name] || []) {
      if (!first || month < first) first = month;
      if (!last || month > last) last = month;
    }
  }
  return first ? monthsBetween(first, last) : [];
}

/**
 * What the page shows now. `select(name, follows)` are the rows of a data set that the filters leave: `follows` says
 * which of them it obeys; the CRM and the pipeline it always obeys where it has such a column.
 */
function makeView(state) {
  const pipeline = DATA.pipelines.find(row => row.pipeline === state.pipeline) || {};
  const view = { ...state, crm: pipeline.crm, pipelineId: pipeline.pipeline_id, pipelineName: pipeline.label };
  view.months = monthsBetween(state.from, state.to);
  view.before = state.to && addMonths(state.to, -1);
  view.monthEnded = !AS_OF.as_of_date || AS_OF.as_of_date >= lastDay(state.to);
  view.steps = DATA.steps.filter(row => row.crm === view.crm && row.pipeline_id === view.pipelineId);
  view.stages = DATA.stages.filter(row => row.crm === view.crm && row.pipeline_id === view.pipelineId);
  view.select = (name, follows = "months owner") => (DATA[name] || []).filter(row =>
    (row.crm === undefined || row.crm === view.crm) &&
    (row.pipeline_id === undefined || row.pipeline_id === view.pipelineId) &&
    (!follows.includes("months") || row.month === undefined || (row.month >= state.from && row.month <= state.to)) &&
    (!follows.includes("months") || row.quarter === undefined || (row.quarter <= state.to && addMonths(row.quarter, 2) >= state.from)) &&
    (!follows.includes("owner") || !state.owner || row.owner === undefined || row.owner === state.owner));
  view.scope = (follows, pipelineText) => [
    follows.includes("months") ? (state.from === state.to ? monthName(state.to) : `${monthName(state.from)} – ${monthName(state.to)}`) : "all months",
    pipelineText || `${crmName(view.crm)} · ${view.pipelineName}`,
    follows.includes("owner") && state.owner ? ownerName(view.crm, state.owner) : "all owners",
  ].join(" · ");
  return view;
}

function lastDay(month) {
  return month && new Date(Date.UTC(+month.slice(0, 4), +month.slice(5), 0)).toISOString().slice(0, 10);
}

const sum = (rows, column) => rows.reduce((total, row) => total + (row[column] || 0), 0);

/** Sum that stays null when no row has a value, as a horizon that no cohort has reached. */
const sumOrNull = (rows, column) => rows.some(row => row[column] != null) ? sum(rows, column) : null;

function groupBy(rows, column) {
  const groups = new Map();
  for (const row of rows) {
    if (!groups.has(row[column])) groups.set(row[column], []);
    groups.get(row[column]).push(row);
  }
  return groups;
}

const rowsOf = (groups, key) => groups.get(key) || [];
