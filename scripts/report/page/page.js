"use strict";
// Puts the page together and draws it: the tiles at once, then one card at a time.

function drawHeader() {
  byId("freshness").textContent = AS_OF.as_of_date
    ? `As of ${dayName(AS_OF.as_of_date)} · newest event ${dayName(AS_OF.newest_event)} · newest load ` +
      `${dayName(AS_OF.newest_load)}`
    : "No data is loaded.";
  const loaded = new Set(DATA.pipelines.map(row => row.crm));
  const missing = Object.keys(CRM_NAMES)
    .filter(crm => !loaded.has(crm))
    .map(crmName);
  if (!DATA.channels?.length && !SWITCHED_OFF.includes("marketing")) missing.push("marketing");
  byId("footer").replaceChildren(
    element(
      "p",
      {},
      missing.length ? `Not loaded: ${missing.join(", ")}. ` : "",
      SWITCHED_OFF.length ? `Switched off: ${SWITCHED_OFF.join(", ")}. ` : "",
      "Every figure is a sum of rows of the warehouse's tables, or one such sum divided by another; amounts are in " +
        `${AS_OF.currency || "the reporting currency"}, ${AS_OF.names}, months begin and end in the project's ` +
        `reporting time zone. A change is green or red where at least ${MIN_SAMPLE} deals are behind it.`,
    ),
    element(
      "p",
      {},
      sentences(
        "Figures of two CRMs are never added up. This page loads nothing from the network; it can be kept, mailed " +
          "and opened anywhere.",
        LEFT_OUT,
      ),
    ),
  );
}

function drawTiles(view) {
  const isThinAfter = view.to === openingMonth(view.pipeline, months) && months.filter(isOver).at(-1) > view.to;
  byId("period").textContent = view.to
    ? `${view.range}${soFar(view)}. The first row shows ${rangeName(quarterOf(view.to), view.to)} and the ` +
      `end of ${monthName(view.to)}.${isThinAfter ? " Few deals or none began in the months after that." : ""}`
    : "";
  byId("tiles").replaceChildren(...tiles(view).map(drawTile), drawAttention(view));
}

function makeCards() {
  let grid;
  for (const card of CARDS) {
    if (card.section) {
      grid = element("div", { class: "grid" });
      byId("cards").append(element("h2", {}, card.section), grid);
      continue;
    }
    const choice =
      card.choice &&
      element(
        "label",
        {},
        card.choice.label,
        element(
          "select",
          {
            onchange: event => {
              state.choices[card.id] = event.target.value;
              keepInAddress();
              drawCard(card, makeView(state));
            },
          },
          Object.entries(card.choice.options).map(([value, text]) =>
            element("option", { value, selected: state.choices[card.id] === value }, text),
          ),
        ),
      );
    card.content = element("div");
    card.scopeLine = element("p", { class: "scope" });
    card.files = element("div", { class: "files" });
    card.frame = element(
      "section",
      { class: `card ${card.half ? "half" : ""}`, id: "card-" + card.id, "aria-labelledby": "title-" + card.id },
      element(
        "div",
        { class: "head" },
        element("div", {}, element("h3", { id: "title-" + card.id }, card.title), card.scopeLine),
        element("div", { class: "tools" }, choice, card.files),
      ),
      card.content,
    );
    grid.append(card.frame);
  }
}

function drawCard(card, view) {
  const drawn =
    view.crm || card.id === "channels" ? card.draw(view, state.choices[card.id]) : { empty: "No CRM is loaded." };
  const scope = drawn.empty && !view.crm ? "" : view.scope(card.follows, widerScope(card, view));
  const wasOpen = card.content.querySelector("details")?.open;
  card.scopeLine.textContent = scope;
  card.content.replaceChildren();
  card.files.replaceChildren();
  if (drawn.empty) return card.content.append(element("p", { class: "empty" }, drawn.empty));
  const figures = drawn.table || drawn.body;
  const savers = { CSV: () => saveCsv(card.title, figures), PNG: () => savePng(card, drawn, scope) };
  for (const [kind, onclick] of Object.entries(savers))
    card.files.append(
      element("button", { type: "button", class: "quiet", "aria-label": `${kind} of ${card.title}`, onclick }, kind),
    );
  card.content.append(element("p", { class: "answer" }, drawn.answer));
  if (drawn.chart) {
    const chart = element("div", { class: "chart", role: "img", "aria-label": drawn.summary });
    card.content.append(chart);
    chart.append(drawChart(drawn.chart, chart.clientWidth || 600));
  }
  const scrolled = (name, table) =>
    element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": `${card.title}, ${name}` }, table);
  if (drawn.body) card.content.append(scrolled("table", drawTable(drawn.body, drawn)));
  if (drawn.note) card.content.append(element("p", { class: "note" }, drawn.note));
  if (drawn.table) {
    card.content.append(
      element(
        "details",
        { open: wasOpen },
        element("summary", {}, "Figures as a table"),
        scrolled("figures", drawTable(drawn.table)),
      ),
    );
  }
}

/** A newer call takes over from one that is not done. */
function render() {
  const view = makeView(state),
    waiting = CARDS.filter(card => !card.section),
    mine = ++render.calls;
  drawTiles(view);
  byId("cards").setAttribute("aria-busy", "true");
  const drawNext = () => {
    if (mine !== render.calls) return;
    if (!waiting.length) return byId("cards").setAttribute("aria-busy", "false");
    drawCard(waiting.shift(), view);
    setTimeout(drawNext);
  };
  drawNext();
}
render.calls = 0;

const systemDark = matchMedia("(prefers-color-scheme: dark)");
let chosenTheme = null;

/** On paper always light. */
function applyTheme(isPrinted = false) {
  const isDark = !isPrinted && (chosenTheme ? chosenTheme === "dark" : systemDark.matches);
  document.documentElement.dataset.theme = isDark ? "dark" : "light";
  byId("theme").textContent = isDark ? "Light theme" : "Dark theme";
}

function drawAtOnce() {
  const view = makeView(state);
  drawTiles(view);
  for (const card of CARDS) if (!card.section) drawCard(card, view);
}

function startPage() {
  startState();
  applyTheme();
  drawHeader();
  fillFilters();
  makeCards();
  render();
  listenToFilters();
  byId("theme").addEventListener("click", () => {
    chosenTheme = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
    applyTheme();
    keepInAddress();
    render();
  });
  systemDark.addEventListener("change", () => {
    applyTheme();
    render();
  });
  window.addEventListener("hashchange", () => {
    startState();
    applyTheme();
    fillFilters();
    render();
  });
  window.addEventListener("beforeprint", () => {
    applyTheme(true);
    drawAtOnce();
  });
  window.addEventListener("afterprint", () => {
    applyTheme();
    render();
  });
  let width = window.innerWidth,
    waiting;
  window.addEventListener("resize", () => {
    if (window.innerWidth === width) return;
    width = window.innerWidth;
    clearTimeout(waiting);
    waiting = setTimeout(render, 150);
  });
}

startPage();
