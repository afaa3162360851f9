"use strict";
// The filters and their state, which is kept in the address, so that a view can be linked.

const months = allMonths();
const state = { pipeline: "", owner: "", from: "", to: "", compare: "year", choices: {} };
// With more owners than this, the filter is a field to search in.
const MANY_OWNERS = 50;

const crmOf = pipeline => DATA.pipelines.find(row => row.pipeline === pipeline)?.crm;
const today = () => AS_OF.as_of_date?.slice(0, 7) || months.at(-1) || "";

function startState() {
  const asked = new URLSearchParams(location.hash.slice(1));
  state.pipeline = asked.get("pipeline") || "";
  state.owner = asked.get("owner") || "";
  state.compare = asked.get("compare") === "before" ? "before" : "year";
  for (const card of CARDS.filter(card => card.choice))
    state.choices[card.id] = card.choice.options[asked.get(card.id)]
      ? asked.get(card.id)
      : Object.keys(card.choice.options)[0];
  mendPipeline();
  const opening = openingMonth(state.pipeline, months);
  state.to = asked.get("to") || opening;
  state.from = asked.get("from") || within(addMonths(opening || "2000-01", -11));
  mendState();
  chosenTheme = ["light", "dark"].includes(asked.get("theme")) ? asked.get("theme") : chosenTheme;
}

const within = month => (months.includes(month) ? month : month < months[0] ? months[0] || "" : months.at(-1) || "");

function mendPipeline() {
  if (!DATA.pipelines.some(row => row.pipeline === state.pipeline))
    state.pipeline = (DATA.pipelines.find(row => row.is_default) || DATA.pipelines[0])?.pipeline || "";
}

/** A state that cannot be (an unknown pipeline, another CRM's owner, from after to) becomes the nearest that can. */
function mendState() {
  mendPipeline();
  if (!months.includes(state.to)) state.to = months.at(-1) || "";
  if (!months.includes(state.from)) state.from = months.at(-12) || months[0] || "";
  if (state.from > state.to) [state.from, state.to] = [state.to, state.from];
  if (!ownersOf(crmOf(state.pipeline)).includes(state.owner)) state.owner = "";
}

const ownersFound = new Map();
function ownersOf(crm) {
  if (!ownersFound.has(crm)) {
    const found = new Set();
    for (const name of ["funnel", "cohorts", "visits", "reps", "closings", "open_pipeline", "slippage"])
      for (const row of DATA[name] || []) if (row.crm === crm) found.add(row.owner);
    const names = new Intl.Collator("en", { numeric: true });
    ownersFound.set(
      crm,
      [...found]
        .map(owner => [ownerName(crm, owner), owner])
        .sort((a, b) => names.compare(a[0], b[0]))
        .map(([, owner]) => owner),
    );
  }
  return ownersFound.get(crm);
}

function change(changes) {
  Object.assign(state, changes);
  mendState();
  keepInAddress();
  fillFilters();
  render();
  byId("said").textContent = "Showing " + makeView(state).scope("months owner");
}

function keepInAddress() {
  const { choices, ...chosen } = state;
  const query = new URLSearchParams(
    Object.entries({ ...chosen, ...choices, theme: chosenTheme }).filter(([, value]) => value),
  );
  history.replaceState(null, "", "#" + query);
}

/** Whole months: {name: [label, from, to]}, of those that the data holds. */
function presets() {
  const now = today(),
    quarter = now && quarterOf(now),
    opening = openingMonth(state.pipeline, months),
    first = opening && within(addMonths(opening, -11));
  if (!now) return {};
  return Object.fromEntries(
    Object.entries({
      opening: [`${plural(monthsBetween(first, opening).length, "month")} to ${monthName(opening)}`, first, opening],
      this_month: ["This month", now, now],
      last_month: ["Last month", addMonths(now, -1), addMonths(now, -1)],
      this_quarter: ["This quarter", quarter, addMonths(quarter, 2)],
      last_quarter: ["Last quarter", addMonths(quarter, -3), addMonths(quarter, -1)],
      this_year: ["This year", now.slice(0, 4) + "-01", now],
      last_year: ["Last year", addMonths(now.slice(0, 4) + "-01", -12), addMonths(now.slice(0, 4) + "-01", -1)],
      year: ["Last 12 months", addMonths(now, -11), now],
      all: ["All months", months[0], months.at(-1)],
    })
      .filter(([, [, from, to]]) => to >= months[0] && from <= months.at(-1))
      .map(([name, [text, from, to]]) => [name, [text, within(from), within(to)]]),
  );
}

function fillFilters() {
  const options = (all, chosen) =>
    all.map(([value, text]) => element("option", { value, selected: value === chosen }, text));
  const crm = crmOf(state.pipeline),
    owners = ownersOf(crm).map(owner => [owner, ownerName(crm, owner)]);
  byId("pipeline").replaceChildren(
    ...[...groupBy(DATA.pipelines, "crm")].map(([name, rows]) =>
      element(
        "optgroup",
        { label: crmName(name) },
        options(
          rows.map(row => [row.pipeline, `${crmName(name)} · ${row.label}`]),
          state.pipeline,
        ),
      ),
    ),
  );
  const isSearch = owners.length > MANY_OWNERS;
  byId("owner").hidden = isSearch;
  byId("owner-search").hidden = !isSearch;
  byId("owner").replaceChildren(...options([["", "All owners"], ...(isSearch ? [] : owners)], state.owner));
  byId("owners").replaceChildren(...(isSearch ? owners.map(([, name]) => element("option", { value: name })) : []));
  byId("owner-search").value = state.owner ? ownerName(crm, state.owner) : "";
  for (const name of ["from", "to"])
    byId(name).replaceChildren(
      ...options(
        [...months].reverse().map(month => [month, monthName(month)]),
        state[name],
      ),
    );
  const ranges = presets(),
    preset = Object.keys(ranges).find(name => ranges[name][1] === state.from && ranges[name][2] === state.to) || "";
  byId("preset").replaceChildren(
    ...options(
      [...(preset ? [] : [["", "Other months"]]), ...Object.entries(ranges).map(([name, [text]]) => [name, text])],
      preset,
    ),
  );
  byId("compare").value = state.compare;
}

/** The owner whose name was typed: the whole name, or the only one that holds the text. */
function findOwner(text) {
  const crm = crmOf(state.pipeline),
    wanted = text.trim().toLowerCase(),
    named = ownersOf(crm).map(owner => [owner, ownerName(crm, owner).toLowerCase()]);
  const exact = named.filter(([owner, name]) => name === wanted || owner.toLowerCase() === wanted),
    near = named.filter(([, name]) => name.includes(wanted));
  return !wanted ? "" : exact.length === 1 ? exact[0][0] : near.length === 1 ? near[0][0] : state.owner;
}

function listenToFilters() {
  byId("filters").addEventListener("submit", event => event.preventDefault());
  for (const name of ["pipeline", "owner", "from", "to", "compare"])
    byId(name).addEventListener("change", event => change({ [name]: event.target.value }));
  byId("owner-search").addEventListener("change", event => change({ owner: findOwner(event.target.value) }));
  byId("preset").addEventListener("change", event => {
    const range = presets()[event.target.value];
    if (range) change({ from: range[1], to: range[2] });
  });
}
