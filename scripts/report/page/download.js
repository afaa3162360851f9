"use strict";
// A card's figures as a file: CSV for a spreadsheet, PNG for a slide.

const fileName = (title, kind) =>
  `${title
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "")}.${kind}`;

function save(blob, name) {
  const link = element("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** Exact figures; a text that a spreadsheet would take for a formula gets an apostrophe before it. */
function csvText({ head, rows }) {
  const write = entry => {
    const value = isCell(entry) && isNumber(entry.value) ? entry.value : writtenOf(entry),
      text = typeof value === "string" && /^[=+\-@\t\r]/.test(value) ? "'" + value : String(value);
    return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [head, ...rows].map(row => row.map(write).join(",")).join("\r\n") + "\r\n";
}

const saveCsv = (title, table) =>
  save(new Blob(["\ufeff", csvText(table)], { type: "text/csv" }), fileName(title, "csv"));

/** The card as a picture: its title, its answer and its chart, or its table where it has none. */
function savePng(card, drawn, scope) {
  const width = 1000,
    answer = wrap(drawn.answer || drawn.empty || "", 130),
    body = drawn.chart ? drawChart(drawn.chart, width) : tableDrawing(drawn.body || drawn.table, width);
  const top = 58 + answer.length * 17,
    height = top + +body.getAttribute("height") + 16;
  body.setAttribute("x", 20);
  body.setAttribute("y", top);
  const whole = svg(
    "svg",
    { xmlns: "http://www.w3.org/2000/svg", width: width + 40, height, "font-family": "sans-serif" },
    svg("rect", { width: width + 40, height, fill: colour("card") }),
    label(card.title, 20, 24, { size: 17, bold: true }),
    label(scope, 20, 44, { tone: "muted" }),
    ...answer.map((line, index) => label(line, 20, 64 + index * 17, { size: 13 })),
    body,
  );
  const image = new Image();
  image.onload = () => {
    const canvas = element("canvas", { width: image.width * 2, height: image.height * 2 });
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    canvas.toBlob(blob => save(blob, fileName(card.title, "png")));
  };
  image.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(new XMLSerializer().serializeToString(whole));
}

function tableDrawing({ head, rows }, width) {
  const shown = [head, ...rows.slice(0, 40)],
    wide = width / head.length;
  return svg(
    "svg",
    { width, height: shown.length * 22 + 6 },
    shown.flatMap((row, line) =>
      row.map((entry, column) => {
        let text = writtenOf(entry);
        while (text.length > 3 && textWidth(text, 11) > wide - 6) text = clip(text, text.length - 1);
        return label(text, column ? wide * (column + 1) - 4 : 0, line * 22 + 12, {
          anchor: column ? "end" : "start",
          size: 11,
          bold: !line,
        });
      }),
    ),
  );
}
