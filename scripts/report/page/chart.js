"use strict";
// Charts of our own as SVG: bars, columns, lines and small panels. A specification goes in, an element comes out;
// colours are attributes, so that what is on the page can be saved as a picture.

const colour = name =>
  getComputedStyle(document.documentElement)
    .getPropertyValue("--" + name)
    .trim();
const isNarrow = () => window.innerWidth < 600;
const FONT = 12;
const svg = (tag, attributes = {}, ...children) =>
  fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);

const measure = document.createElement("canvas").getContext("2d");
function textWidth(text, size = FONT) {
  measure.font = `${size}px ${getComputedStyle(document.body).fontFamily}`;
  return measure.measureText(text).width;
}

/** Text at a point; several lines are centred on it. `anchor`: start, middle or end. */
function label(lines, x, y, { anchor = "start", tone = "ink", size = FONT, bold = false } = {}) {
  const all = [lines].flat(),
    top = y - (all.length - 1) * size * 0.58;
  return svg(
    "text",
    { x, "text-anchor": anchor, fill: colour(tone), "font-size": size, "font-weight": bold ? 650 : null },
    all.map((line, index) => svg("tspan", { x, y: top + index * size * 1.16 + size * 0.35 }, line)),
  );
}

/** Round steps of an axis from 0 (or from below) to the highest value. */
function ticks(lowest, highest, number = 4) {
  if (!(highest > lowest)) return [0, 1];
  const raw = (highest - lowest) / number,
    power = 10 ** Math.floor(Math.log10(raw)),
    step = [1, 2, 2.5, 5, 10].find(one => one * power >= raw) * power;
  const marks = [];
  for (let mark = Math.floor(lowest / step) * step; mark < highest + step; mark += step)
    marks.push(Math.round(mark / step) * step);
  return marks;
}

/** The names of the series as rows of swatches; {node, height}. */
function legend(entries, width) {
  const node = svg("g");
  let [x, y] = [0, 9];
  for (const { name, tone, shape, dash } of entries) {
    const wide = textWidth(name, 11) + 32;
    if (x && x + wide > width) [x, y] = [0, y + 18];
    node.append(
      shape
        ? mark(shape, x + 6, y, tone)
        : dash != null
          ? svg("line", {
              x1: x,
              x2: x + 13,
              y1: y,
              y2: y,
              stroke: colour(tone),
              "stroke-width": 2,
              "stroke-dasharray": dash ? "4 3" : null,
            })
          : svg("rect", { x, y: y - 5, width: 12, height: 10, rx: 2, fill: colour(tone) }),
      label(name, x + 18, y, { size: 11 }),
    );
    x += wide;
  }
  return { node, height: entries.length > 1 || entries[0]?.shape ? y + 14 : 0 };
}

const mark = (shape, x, y, tone) =>
  shape === "diamond"
    ? svg("path", {
        d: `M${x} ${y - 6}l5 6l-5 6l-5 -6z`,
        fill: colour(tone),
        stroke: colour("card"),
        "stroke-width": 1.5,
      })
    : svg("line", { x1: x, x2: x, y1: y - 7, y2: y + 7, stroke: colour(tone), "stroke-width": 3 });

/** What a point or a column of a series tells, by its place. */
const tellFigure = (spec, name, series, index) =>
  `${name}, ${series.name.toLowerCase()}: ` +
  (spec.unit === AS_OF.currency ? `${money(series.values[index])} ${spec.unit}` : count(series.values[index]));

/** A shape that tells its figure to the pointer, and lists its deals when it is clicked. */
function telling(shape, tip, pick) {
  if (tip) shape.dataset.tip = tip;
  if (pick) {
    shape.addEventListener("click", pick.open);
    shape.setAttribute("class", "picks");
  }
  return shape;
}

const KINDS = {};

function drawChart(spec, width) {
  const { nodes, height } = KINDS[spec.kind](spec, width);
  const drawn = svg(
    "svg",
    {
      class: "drawing",
      viewBox: `0 0 ${Math.round(width)} ${Math.round(height)}`,
      width: Math.round(width),
      height: Math.round(height),
      "font-family": getComputedStyle(document.body).fontFamily,
      "aria-hidden": "true",
    },
    nodes,
  );
  drawn.addEventListener("pointermove", showTip);
  drawn.addEventListener("pointerleave", hideTip);
  return drawn;
}

function showTip(event) {
  const told = event.target.closest?.("[data-tip]"),
    tip = byId("tip");
  tip.hidden = !told;
  if (!told) return;
  tip.textContent = told.dataset.tip + (told.classList.contains("picks") ? " · click to list" : "");
  tip.style.left = `${Math.max(4, Math.min(event.clientX + 14, window.innerWidth - tip.offsetWidth - 8))}px`;
  const isLow = event.clientY + 16 + tip.offsetHeight > window.innerHeight;
  tip.style.top = `${isLow ? event.clientY - tip.offsetHeight - 10 : event.clientY + 16}px`;
}

const hideTip = () => {
  byId("tip").hidden = true;
};

/** The plain of columns and lines: horizontal grid, the unit as its title: {nodes, y, left, bottom, height}. */
function plain(spec, width, lowest, highest, entries, height = 300) {
  const key = legend(entries, width),
    marks = ticks(Math.min(0, lowest), spec.highest || highest || 1),
    [low, high] = [marks[0], Math.max(marks.at(-1), spec.highest || 0)];
  const isWhole = ["Deals", "Wins", "Losses", "Points"].includes(spec.unit),
    written = marks
      .filter(value => value <= high && !(isWhole && value % 1))
      .map(value => [value, isWhole ? count(value) : shortMoney(value)]);
  const left = Math.max(...written.map(([, text]) => textWidth(text, 11))) + 10,
    top = key.height + 34,
    bottom = height - 34;
  const y = value => bottom - ((value - low) / (high - low || 1)) * (bottom - top);
  return {
    left,
    bottom,
    y,
    height,
    nodes: [
      key.node,
      label(spec.unit || "", 0, key.height + 10, { tone: "muted", size: 11 }),
      ...written.flatMap(([value, text]) => [
        svg("line", { x1: left, x2: width, y1: y(value), y2: y(value), stroke: colour(value ? "grid" : "line") }),
        label(text, left - 6, y(value), { anchor: "end", tone: "muted", size: 11 }),
      ]),
    ],
  };
}

/** Labels under the places of columns or points, as many as there is room for; a year where it begins. */
function below(labels, place, bottom, room, isMonths) {
  if (!isMonths) return belowWords(labels, place, bottom, room);
  const every = Math.max(1, Math.ceil(30 / room)),
    shown = labels.filter((_, index) => index % every === 0);
  const lines = shown.map((month, index) => [
    MONTHS[+month.slice(5) - 1],
    ...(month.slice(0, 4) === shown[index - 1]?.slice(0, 4) ? [] : [month.slice(0, 4)]),
  ]);
  const size = lines.flat().some(text => textWidth(text, 11) > room + 6) ? 9 : 11;
  return lines.map((text, index) =>
    label(text, place(index * every), bottom + 4 + text.length * 6.5, { anchor: "middle", tone: "muted", size }),
  );
}

/** Words in two lines each; where these do not fit, in one line each, on up to three levels by turns. */
function belowWords(labels, place, bottom, room) {
  const style = { anchor: "middle", tone: "muted", size: 11 },
    lines = labels.map(text => wrap(text, Math.max(6, Math.floor(room / 6.4)))),
    widest = (texts, size) => Math.max(0, ...texts.map(text => textWidth(text, size)));
  if (lines.every(text => text.length <= 2) && widest(lines.flat(), 11) <= room - 3)
    return lines.map((text, index) => label(text, place(index), bottom + 4 + text.length * 6.5, style));
  const size = 9,
    levels = Math.min(3, Math.ceil((widest(labels, size) + 4) / room)),
    end = place(labels.length - 1) + room / 2;
  return labels.map((text, index) => {
    let shown = text;
    while (shown.length > 2 && textWidth(shown, size) > levels * room - 4) shown = clip(shown, shown.length - 1);
    const x = Math.min(place(index), end - textWidth(shown, size) / 2);
    return label(shown, x, bottom + 9 + (index % levels) * 10, { ...style, size });
  });
}
