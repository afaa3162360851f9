"use strict";
// Tables: `data-value` holds the exact figure that a cell writes rounded; a cell with a pick lists its deals.

const cell = (value, written, pick) => ({ value, written, pick });
const counted = (value, pick) => cell(value, count(value), pick);
/** A text that may break after a slash: "Renewal/Expansion" is too wide for a column. */
const breakable = text =>
  String(text)
    .split(/(?<=\/)/)
    .flatMap((part, index) => (index ? [element("wbr"), part] : [part]));
/** The figure of what is compared with, where there is one. */
const compared = (value, write) => (isNumber(value) ? cell(value, write(value)) : "not known");
const isCell = entry => entry !== null && typeof entry === "object";
const valueOf = entry => (isCell(entry) ? entry.value : entry);
const writtenOf = entry => String(isCell(entry) ? entry.written : (entry ?? ""));

function drawTable({ head, rows, sortBy }, { sortable, heat } = {}) {
  const body = element("tbody");
  let [column, isDown] = [sortBy, true];
  const fillBody = () => {
    const ordered =
      sortBy == null
        ? rows
        : [...rows].sort((a, b) => compare(valueOf(a[column]), valueOf(b[column])) * (isDown ? -1 : 1));
    body.replaceChildren(...ordered.map(row => element("tr", {}, row.map(drawCell))));
    headers.forEach(
      (header, index) =>
        sortable && header.setAttribute("aria-sort", index === column ? (isDown ? "descending" : "ascending") : "none"),
    );
  };
  const headers = head.map((title, index) =>
    element(
      "th",
      { scope: "col" },
      sortable
        ? element(
            "button",
            {
              type: "button",
              onclick: () => {
                isDown = index === column ? !isDown : index > 0;
                column = index;
                fillBody();
              },
            },
            breakable(title),
          )
        : breakable(title),
    ),
  );
  fillBody();
  return element("table", { class: heat && "heat" }, element("thead", {}, element("tr", {}, headers)), body);
}

const figureButton = (pick, text) =>
  element("button", { type: "button", class: "figure", title: "List the deals", onclick: pick.open }, text);

function drawCell(entry, index) {
  const text = writtenOf(entry),
    isPick = isCell(entry) && entry.pick && entry.value;
  const made = element(
    index ? "td" : "th",
    {
      scope: index ? null : "row",
      "data-value": isCell(entry) ? entry.value : null,
      class: entry?.isBest && "best",
      title: entry?.title,
    },
    isPick ? figureButton(entry.pick, text) : breakable(text),
  );
  if (isNumber(entry?.bar))
    made.style.background = `linear-gradient(to right, ${colour("tint")} ${entry.bar * 100}%, transparent 0)`;
  if (isNumber(entry?.heat))
    made.style.background = `color-mix(in srgb, ${colour("heat")} ${Math.round(entry.heat * 55)}%, transparent)`;
  return made;
}

function compare(a, b) {
  if (a == null || b == null) return (a != null) - (b != null);
  return typeof a === "number" ? a - b : String(a).localeCompare(String(b), "en", { numeric: true });
}
