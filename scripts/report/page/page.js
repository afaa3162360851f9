"use strict";
// The filters, their state (kept in the address, so that a view can be linked), and drawing.

const ALL_CARDS = [
  { section: "Where do deals go?" },
  { id: "funnel", domain: "funnel", title: "Funnel", follows: "months owner", half: true, draw: funnelCard },
  { id: "fate", domain: "funnel", title: "What became of every entry to a stage", follows: "months owner", half: true, draw: fateCard },
  { id: "trend", domain: "funnel", title: "Trend by step", follows: "months owner", draw: trendCard },
  { id: "cohorts", domain: "funnel", title: "Cohort conversion", follows: "months owner", draw: cohortCard, choice: { label: "Horizon", options: HORIZONS } },
  { id: "created", domain: "pipeline", crmWide: true, title: "What became of the deals created in a month", follows: "months", draw: createdCard },
  { section: "What holds them up, what loses them?" },
  { id: "time", domain: "funnel", title: "Time in stage", follows: "months owner", draw: timeCard },
  { id: "losses", domain: "funnel", title: "Losses by reason", follows: "months owner", half: true, draw: lossCard },
  { id: "loss-stages", domain: "funnel", title: "Losses by stage", follows: "months owner", half: true, draw: lossStageCard },
  { section: "Who?" },
  { id: "reps", domain: "funnel", title: "Owners", follows: "months owner", crmWide: true, draw: repCard },
  { section: "What is it worth, and what comes in?" },
  { id: "open", domain: "pipeline", title: "Open pipeline", follows: "months owner", crmWide: true, half: true, draw: openCard },
  { id: "waterfall", domain: "pipeline", title: "What moved the pipeline", follows: "months", crmWide: true, half: true, draw: waterfallCard },
  { id: "forecast", domain: "pipeline", title: "Revenue forecast", follows: "", crmWide: true, half: true, draw: forecastCard, choice: { label: "Method", options: METHODS } },
  { id: "accuracy", domain: "pipeline", title: "How far off were the forecasts?", follows: "", crmWide: true, half: true, draw: accuracyCard },
  { id: "health", domain: "pipeline", title: "Pipeline health", follows: "months", crmWide: true, half: true, draw: healthCard },
  { id: "slippage", domain: "pipeline", title: "Slippage", follows: "months owner", crmWide: true, half: true, draw: slippageCard },
  { section: "What do channels bring?" },
  { id: "channels", domain: "marketing", title: "Channel efficiency", follows: "months", ownScope: "all CRMs", draw: channelCard },
];
// Cards of what is switched off are left out, and so is a section without a card.
const isOn = card => !SWITCHED_OFF.includes(card.domain);
const CARDS = ALL_CARDS.filter(isOn).filter((card, index, left) => !card.section || (left[index + 1] && !left[index + 1].section));

const byId = id => document.getElementById(id);
const months = allMonths();
const state = { pipeline: "", owner: "", from: "", to: "", choices: {} };

// --- state -----------------------------------------------------------------------------------------------------

function startState() {
  const asked = new URLSearchParams(location.hash.slice(1));
  state.pipeline = asked.get("pipeline") || "";
  state.owner = asked.get("owner") || "";
  state.to = asked.get("to") || months.at(-1) || "";
  state.from = asked.get("from") || months.at(-12) || months[0] || "";
  mendState();
}

/** Bring a state that cannot be (an unknown pipeline, an owner of another CRM, from after to) to the nearest that can. */
function mendState() {
  if (!DATA.pipelines.some(row => row.pipeline === state.pipeline)) {
    state.pipeline = (DATA.pipelines.find(row => row.is_default) || DATA.pipelines[0])?.pipeline || "";
  }
  if (!months.includes(state.to)) state.to = months.at(-1) || "";
  if (!months.includes(state.from)) state.from = months.at(-12) || months[0] || "";
  if (state.from > state.to) [state.from, state.to] = [state.to, state.from];
  if (!ownersOf(crmOf(state.pipeline)).some(owner => owner === state.owner)) state.owner = "";
}

const crmOf = pipeline => DATA.pipelines.find(row => row.pipeline === pipeline)?.crm;

function ownersOf(crm) {
  const found = new Set();
  for (const name of ["funnel", "cohorts", "visits", "reps", "win_rates", "open_pipeline", "slippage"]) for (const row of DATA[name] || []) if (row.crm === crm) found.add(row.owner);
  return [...found].sort((a, b) => ownerName(crm, a).localeCompare(ownerName(crm, b), "en", { numeric: true }));
}

function change(changes) {
  Object.assign(state, changes);
  mendState();
  const query = new URLSearchParams(Object.entries(state).filter(([name, value]) => name !== "choices" && value));
  history.replaceState(null, "", "#" + query);
  fillFilters();
  render();
  const view = makeView(state);
  byId("said").textContent = "Showing " + view.scope("months owner");
}

// --- filters and header ------------------------------------------------------------------------------------------

function fillFilters() {
  const pipelines = groupBy(DATA.pipelines, "crm");
  byId("pipeline").replaceChildren(...[...pipelines].map(([crm, rows]) => element("optgroup", { label: crmName(crm) },
    rows.map(row => element("option", { value: row.pipeline, selected: row.pipeline === state.pipeline }, `${crmName(crm)} · ${row.label}`)))));
  const crm = crmOf(state.pipeline);
  byId("owner").replaceChildren(element("option", { value: "" }, "All owners"),
    ...ownersOf(crm).map(owner => element("option", { value: owner, selected: owner === state.owner }, ownerName(crm, owner))));
  for (const name of ["from", "to"]) {
    byId(name).replaceChildren(...[...months].reverse().map(month => element("option", { value: month, selected: month === state[name] }, monthName(month))));
  }
  for (const button of document.querySelectorAll("[data-months]")) {
    const range = presetRange(+button.dataset.months);
    button.setAttribute("aria-pressed", String(range.from === state.from && range.to === state.to));
  }
}

function presetRange(number) {
  const to = months.at(-1) || "";
  return { to, from: (number && months.at(-number)) || months[0] || "" };
}

function drawHeader() {
  byId("freshness").textContent = AS_OF.as_of_date
    ? `As of ${dayName(AS_OF.as_of_date)} · newest event ${dayName(AS_OF.newest_event)} · newest load ${dayName(AS_OF.newest_load)}`
    : "No data is loaded.";
  const loaded = new Set(DATA.pipelines.map(row => row.crm));
  const missing = Object.keys(CRM_NAMES).filter(crm => !loaded.has(crm)).map(crmName);
  if (!DATA.channels?.length && !SWITCHED_OFF.includes("marketing")) missing.push("marketing");
  byId("footer").replaceChildren(
    element("p", {}, missing.length ? `Not loaded: ${missing.join(", ")}. ` : "", SWITCHED_OFF.length ? `Switched off: ${SWITCHED_OFF.join(", ")}. ` : "", "Every figure is a sum of rows of a mart, or a ratio of such sums; amounts are in "
      + `${AS_OF.currency || "the reporting currency"}, ${AS_OF.names}, months are cut in the project's reporting time zone.`),
    element("p", {}, "Figures of two CRMs are never added up. This page makes no request; it can be kept, mailed and opened without a network."));
}

// --- drawing -----------------------------------------------------------------------------------------------------

function drawTiles(view) {
  const made = tiles(view).map(tile => {
    const isUp = tile.change > 0;
    return element("section", { class: `tile ${tile.wide ? "wide" : ""} ${tile.kind || ""}`, id: "tile-" + tile.id, "aria-label": tile.label },
      element("h3", {}, tile.label), element("p", { class: "value" }, tile.value),
      isNumber(tile.change) ? element("p", { class: `change ${tile.change ? (isUp ? "good" : "bad") : ""}` }, `${tile.write(tile.change)} ${tile.versus || "vs " + monthName(view.before)}`) : null,
      tile.detail ? element("p", { class: "detail" }, tile.detail) : null, tile.steps ? drawSteps(tile) : null);
  });
  const noted = attention(view);
  made.push(element("section", { class: "tile attention", "aria-label": "Needs attention" }, element("h3", {}, "Needs attention"),
    noted.length ? element("ul", {}, noted.map(item => element("li", {}, element("span", { class: "badge" }, item.severity), element("span", {}, item.text))))
      : element("p", { class: "detail" }, "Nothing passes a threshold in the last three of these months.")));
  byId("tiles").replaceChildren(...made);
}

/** Small columns: one figure per step, the one to look at marked. */
function drawSteps({ steps, stepsLabel }) {
  const highest = Math.max(...steps.map(step => step.rate || 0)) || 1;
  return element("div", { class: "steps", role: "img", "aria-label": `${stepsLabel}: ${steps.map(step => `${step.name} ${step.written}`).join(", ")}` },
    steps.map(step => {
      const bar = element("i");
      bar.style.height = `${Math.max(2, 30 * (step.rate || 0) / highest)}px`;
      return element("div", { class: step.isWeak && "weak", title: `${step.name}: ${step.written}` }, bar, step.written, element("br"), String(step.step));
    }));
}

function makeCards() {
  let grid;
  for (const card of CARDS) {
    if (card.section) {
      grid = element("div", { class: "grid" });
      byId("cards").append(element("h2", {}, card.section), grid);
      continue;
    }
    state.choices[card.id] = card.choice && Object.keys(card.choice.options)[0];
    const choice = card.choice && element("label", {}, card.choice.label, element("select", { onchange: event => { state.choices[card.id] = event.target.value; drawCard(card, makeView(state)); } },
      Object.entries(card.choice.options).map(([value, label]) => element("option", { value }, label))));
    card.content = element("div");
    card.scopeLine = element("p", { class: "scope" });
    card.frame = element("section", { class: `card ${card.half ? "half" : ""}`, id: "card-" + card.id, "aria-labelledby": "title-" + card.id },
      element("div", { class: "head" }, element("div", {}, element("h3", { id: "title-" + card.id }, card.title), card.scopeLine), choice), card.content);
    grid.append(card.frame);
  }
}

function drawCard(card, view) {
  const drawn = view.crm || card.id === "channels" ? card.draw(view, state.choices[card.id]) : { empty: "No CRM is loaded." };
  card.scopeLine.textContent = drawn.empty && !view.crm ? "" : view.scope(card.follows, card.ownScope || (card.crmWide && `${crmName(view.crm)}, all pipelines`));
  const old = card.content.querySelector(".chart");
  if (old) Plotly.purge(old);
  const wasOpen = card.content.querySelector("details")?.open;
  card.content.replaceChildren();
  if (drawn.empty) {
    card.content.append(element("p", { class: "empty" }, drawn.empty));
    return;
  }
  if (drawn.traces) {
    const chart = element("div", { class: "chart", role: "img", "aria-label": drawn.summary });
    card.content.append(chart);
    Plotly.newPlot(chart, drawn.traces, layoutOf(drawn), { displaylogo: false, responsive: true, displayModeBar: false, typesetMath: false });
  }
  if (drawn.body) card.content.append(element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": card.title + ", table" }, drawTable(drawn.body, drawn)));
  if (drawn.note) card.content.append(element("p", { class: "note" }, drawn.note));
  if (drawn.table) {
    card.content.append(element("details", { open: wasOpen }, element("summary", {}, "Figures as a table"),
      element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": card.title + ", figures" }, drawTable(drawn.table, {}))));
  }
}

function layoutOf(drawn) {
  const axis = { gridcolor: colour("grid"), zerolinecolor: colour("line"), linecolor: colour("line"), automargin: true, fixedrange: true };
  const layout = { paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", dragmode: false, showlegend: false, height: drawn.height,
    font: { family: getComputedStyle(document.body).fontFamily, size: 12, color: colour("ink") },
    legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom", traceorder: "normal", font: { size: 11 } },
    hoverlabel: { bgcolor: colour("card"), bordercolor: colour("line"), font: { color: colour("ink") }, align: "left" }, ...drawn.layout };
  layout.margin = { l: 10, r: 12, t: 10, b: 10, ...layout.margin };
  layout.xaxis ||= {};
  layout.yaxis ||= {};
  for (const name of Object.keys(layout)) if (/^[xy]axis/.test(name)) layout[name] = { ...axis, ...layout[name] };
  return layout;
}

const valueOf = entry => entry !== null && typeof entry === "object" ? entry.value : entry;
const writtenOf = entry => entry !== null && typeof entry === "object" ? entry.written : entry;

/** A table; `data-value` holds the exact figure that a cell writes rounded. */
function drawTable({ head, rows, sortBy }, { sortable, heat }) {
  const body = element("tbody");
  let [column, isDown] = [sortBy, true];
  const fill = () => {
    const ordered = sortBy == null ? rows : [...rows].sort((a, b) => compare(valueOf(a[column]), valueOf(b[column])) * (isDown ? -1 : 1));
    body.replaceChildren(...ordered.map(row => element("tr", {}, row.map((entry, index) => {
      const made = element(index ? "td" : "th", { scope: index ? null : "row", "data-value": entry !== null && typeof entry === "object" ? entry.value : null, class: entry?.isBest && "best", title: entry?.title }, String(writtenOf(entry)));
      if (isNumber(entry?.bar)) made.style.background = `linear-gradient(to right, ${colour("tint")} ${entry.bar * 100}%, transparent 0)`;
      if (isNumber(entry?.heat)) made.style.background = `color-mix(in srgb, ${colour("amber")} ${Math.round(entry.heat * 45)}%, transparent)`;
      return made;
    }))));
    headers.forEach((header, index) => sortable && header.setAttribute("aria-sort", index === column ? (isDown ? "descending" : "ascending") : "none"));
  };
  const headers = head.map((title, index) => element("th", { scope: "col" }, sortable
    ? element("button", { type: "button", onclick: () => { isDown = index === column ? !isDown : index > 0; column = index; fill(); } }, title) : String(title)));
  fill();
  return element("table", { class: heat && "heat" }, element("thead", {}, element("tr", {}, headers)), body);
}

function compare(a, b) {
  if (a == null || b == null) return (a != null) - (b != null);
  return typeof a === "number" ? a - b : String(a).localeCompare(String(b), "en", { numeric: true });
}

/** Tiles at once, then one card at a time, so that the first screen does not wait for the last; a newer call takes over. */
function render() {
  const view = makeView(state);
  drawTiles(view);
  const waiting = CARDS.filter(card => !card.section), mine = ++render.calls;
  byId("cards").setAttribute("aria-busy", "true");
  const drawNext = () => {
    if (mine !== render.calls) return;
    if (!waiting.length) return byId("cards").setAttribute("aria-busy", "false");
    drawCard(waiting.shift(), view);
    setTimeout(drawNext);
  };
  // The library stands below this script.
  if (document.readyState === "loading") addEventListener("DOMContentLoaded", drawNext, { once: true });
  else setTimeout(drawNext);
}
render.calls = 0;

// --- theme -------------------------------------------------------------------------------------------------------

const systemDark = matchMedia("(prefers-color-scheme: dark)");
let chosenTheme = null;

function applyTheme() {
  const isDark = chosenTheme ? chosenTheme === "dark" : systemDark.matches;
  document.documentElement.dataset.theme = isDark ? "dark" : "light";
  byId("theme").textContent = isDark ? "Light theme" : "Dark theme";
}

function startPage() {
  applyTheme();
  startState();
  drawHeader();
  fillFilters();
  makeCards();
  render();
  for (const name of ["pipeline", "owner", "from", "to"]) byId(name).addEventListener("change", event => change({ [name]: event.target.value }));
  for (const button of document.querySelectorAll("[data-months]")) button.addEventListener("click", () => change(presetRange(+button.dataset.months)));
  byId("theme").addEventListener("click", () => { chosenTheme = document.documentElement.dataset.theme === "dark" ? "light" : "dark"; applyTheme(); render(); });
  systemDark.addEventListener("change", () => { applyTheme(); render(); });
  window.addEventListener("hashchange", () => { startState(); fillFilters(); render(); });
  let wasNarrow = isNarrow();
  window.addEventListener("resize", () => { if (isNarrow() !== wasNarrow) { wasNarrow = isNarrow(); render(); } });
}

startPage();
