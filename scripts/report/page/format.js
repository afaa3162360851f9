"use strict";
// How figures are written, and how elements are made. Text reaches the page as text, never as markup.

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const NONE = "–";

const isNumber = value => typeof value === "number" && isFinite(value);
const digits = (number, more) =>
  new Intl.NumberFormat("en-US", { minimumFractionDigits: number, maximumFractionDigits: number, ...more });
const [whole, oneDigit, twoDigits, short] = [
  digits(0),
  digits(1),
  digits(2),
  digits(0, { notation: "compact", maximumFractionDigits: 1 }),
];
const minus = text => text.replace("-", "−");

const count = value => (isNumber(value) ? minus(whole.format(value)) : NONE);
const days = value => (isNumber(value) ? oneDigit.format(value) : NONE);
const percent = value => (isNumber(value) ? oneDigit.format(value * 100) + " %" : NONE);
const signed = (value, unit) =>
  isNumber(value) ? (value > 0 ? "+" : value < 0 ? "−" : "±") + oneDigit.format(Math.abs(value * 100)) + unit : NONE;
const points = value => signed(value, " points");
const relative = value => signed(value, " %");
const times = value => (isNumber(value) ? twoDigits.format(value) : NONE);
/** An amount: no cents above a thousand. */
const money = value =>
  !isNumber(value)
    ? NONE
    : Math.abs(value) < 1000 && value % 1
      ? minus(twoDigits.format(value))
      : minus(whole.format(value));
/** A short amount for tiles, sentences and axes: 8.7M USD. */
const shortMoney = (value, currency) =>
  isNumber(value) ? minus(short.format(value)) + (currency ? " " + currency : "") : NONE;
const plural = (number, one, many = one + "s") => `${count(number)} ${number === 1 ? one : many}`;
const capital = text => text.charAt(0).toUpperCase() + text.slice(1);
const lowerFirst = text => text.charAt(0).toLowerCase() + text.slice(1);
/** A, B and C */
const inWords = names => [...names.slice(0, -2), names.slice(-2).join(" and ")].join(", ");
const sentences = (...parts) => parts.filter(Boolean).join(" ");

const divide = (numerator, denominator) => (numerator == null || !denominator ? null : numerator / denominator);

/** "2025-06" → "Jun 2025"; a quarter by its first month → "Apr–Jun 2025". */
const monthName = month => (month ? `${MONTHS[+month.slice(5) - 1]} ${month.slice(0, 4)}` : NONE);
const shortMonth = month => `${MONTHS[+month.slice(5) - 1]} ${month.slice(2, 4)}`;
const quarterName = quarter => rangeName(quarter, addMonths(quarter, 2));
const dayName = date =>
  date
    ? `${+date.slice(8, 10)} ${monthName(date.slice(0, 7))}${date.length > 10 ? date.slice(10) + " UTC" : ""}`
    : "unknown";

function rangeName(from, to) {
  if (from === to) return monthName(to);
  return from.slice(0, 4) === to.slice(0, 4)
    ? `${MONTHS[+from.slice(5) - 1]}–${monthName(to)}`
    : `${monthName(from)} – ${monthName(to)}`;
}

function addMonths(month, number) {
  const index = +month.slice(0, 4) * 12 + +month.slice(5) - 1 + number;
  return `${Math.floor(index / 12)}-${String((index % 12) + 1).padStart(2, "0")}`;
}

function monthsBetween(from, to) {
  const months = [];
  for (let month = from; month && month <= to; month = addMonths(month, 1)) months.push(month);
  return months;
}

/** Break a label into lines of about `width` characters. */
function wrap(text, width) {
  const lines = [""];
  for (const word of String(text).split(/(?<=[\s/])/)) {
    if (lines.at(-1) && (lines.at(-1) + word).length > width) lines.push("");
    lines[lines.length - 1] += word;
  }
  return lines.map(line => line.trim());
}

const clip = (text, limit) => (text.length > limit ? text.slice(0, limit - 1) + "…" : text);

function element(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

function fill(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value == null) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat().filter(child => child != null && child !== false));
  return made;
}

const byId = id => document.getElementById(id);
