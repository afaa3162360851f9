"use strict";
// How figures are written, and how elements are made. Text reaches the page as text, never as markup.

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const NONE = "–";

const isNumber = value => typeof value === "number" && isFinite(value);
const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const oneDigit = new Intl.NumberFormat("en-US", { minimumFractionDigits: 1, maximumFractionDigits: 1 });

const count = value => isNumber(value) ? whole.format(value) : NONE;
const days = value => isNumber(value) ? oneDigit.format(value) : NONE;
const percent = value => isNumber(value) ? oneDigit.format(value * 100) + " %" : NONE;
const points = value => isNumber(value) ? (value > 0 ? "+" : value < 0 ? "−" : "±") + oneDigit.format(Math.abs(value * 100)) + " pp" : NONE;
const relative = value => isNumber(value) ? (value > 0 ? "+" : value < 0 ? "−" : "±") + oneDigit.format(Math.abs(value * 100)) + " %" : NONE;
const times = value => isNumber(value) ? new Intl.NumberFormat("en-US", { maximumFractionDigits: 2, minimumFractionDigits: 2 }).format(value) : NONE;

/** A short amount for tiles and axes (8.7M USD), and the whole one for tables. */
const shortMoney = (value, currency) => isNumber(value)
  ? new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 1 }).format(value) + " " + (currency || "") : NONE;
const money = value => isNumber(value) ? whole.format(value) : NONE;

const divide = (numerator, denominator) => numerator == null || !denominator ? null : numerator / denominator;

/** "2025-06" → "Jun 2025"; a quarter by its first month → "Apr–Jun 2025". */
const monthName = month => month ? `${MONTHS[+month.slice(5) - 1]} ${month.slice(0, 4)}` : NONE;
const quarterName = quarter => `${MONTHS[+quarter.slice(5) - 1]}–${monthName(addMonths(quarter, 2))}`;
const dayName = date => date ? `${+date.slice(8, 10)} ${monthName(date.slice(0, 7))}${date.length > 10 ? date.slice(10) + " UTC" : ""}` : "unknown";

function addMonths(month, number) {
  const index = +month.slice(0, 4) * 12 + +month.slice(5) - 1 + number;
  return `${Math.floor(index / 12)}-${String(index % 12 + 1).padStart(2, "0")}`;
}

function monthsBetween(from, to) {
  const months = [];
  for (let month = from; month && month <= to; month = addMonths(month, 1)) months.push(month);
  return months;
}

/** Plotly reads a few tags in labels; a name from the data must not bring any. */
const plain = text => String(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");

/** Break a label into lines of about `width` characters. */
function wrap(text, width) {
  const lines = [""];
  for (const word of String(text).split(/(?<=[\s/])/)) {
    if (lines.at(-1) && (lines.at(-1) + word).length > width) lines.push("");
    lines[lines.length - 1] += word;
  }
  return lines.map(line => plain(line.trim())).join("<br>");
}

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value == null) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat().filter(child => child != null));
  return made;
}
