"use strict";
// Lines over months, with a band around some, and small panels of them.

/** A line through points, with gaps where there is none. */
function path(points, attributes) {
  const drawn = points
    .map((point, index) =>
      point ? `${points[index - 1] ? "L" : "M"}${point.map(value => value.toFixed(1)).join(" ")}` : "",
    )
    .join("");
  return svg("path", {
    d: drawn || "M0 0",
    fill: "none",
    "stroke-width": 2,
    "stroke-linejoin": "round",
    ...attributes,
  });
}

const area = (upper, lower, tone) =>
  upper.length
    ? svg("path", {
        d:
          "M" +
          [...upper, ...[...lower].reverse()].map(point => point.map(value => value.toFixed(1)).join(" ")).join("L") +
          "Z",
        fill: colour(tone),
        "fill-opacity": 0.14,
      })
    : null;

KINDS.lines = (spec, width) => {
  const all = [...spec.series.flatMap(series => series.values), ...(spec.band ? spec.band.high : [])].filter(isNumber);
  const field = plain(spec, width, 0, Math.max(1, ...all), [
    ...spec.series.map(series => ({ ...series, dash: Boolean(series.dash) })),
    ...(spec.band ? [{ ...spec.band, tone: "accent-soft" }] : []),
  ]);
  const room = (width - field.left - 12) / Math.max(1, spec.labels.length),
    x = index => field.left + 6 + room * (index + 0.5),
    point = (value, index) => (isNumber(value) ? [x(index), field.y(value)] : null),
    nodes = field.nodes;
  if (spec.band)
    nodes.push(
      area(spec.band.high.map(point).filter(Boolean), spec.band.low.map(point).filter(Boolean), spec.band.tone),
    );
  for (const series of [...spec.series].reverse()) {
    const points = series.values.map(point),
      known = points.filter(Boolean);
    if (series.area)
      nodes.push(
        area(
          known,
          known.map(([left]) => [left, field.y(0)]),
          series.tone,
        ),
      );
    nodes.push(path(points, { stroke: colour(series.tone), "stroke-dasharray": series.dash ? "4 3" : null }));
    points.forEach((at, index) => {
      if (!at) return;
      if (!series.dash || known.length === 1)
        nodes.push(svg("circle", { cx: at[0], cy: at[1], r: 2.5, fill: colour(series.tone) }));
      nodes.push(
        telling(
          svg("circle", { cx: at[0], cy: at[1], r: 9, fill: "transparent" }),
          series.tips?.[index] || tellFigure(spec, monthName(spec.labels[index]), series, index),
          series.values[index] ? series.picks?.[index] : null,
        ),
      );
    });
  }
  nodes.push(...below(spec.labels, x, field.bottom, room, true));
  return { nodes, height: field.height };
};

KINDS.panels = (spec, width) => {
  const columns = isNarrow() ? 2 : 4,
    gap = 18,
    wide = (width - gap * (columns - 1)) / columns,
    tall = 118,
    nodes = [],
    { months } = spec;
  const hasBefore = spec.panels.some(panel => panel.before?.some(isNumber)),
    key = hasBefore
      ? legend(
          [
            { name: "Chosen months", tone: "accent", dash: false },
            { name: spec.comparison, tone: "muted", dash: true },
          ],
          width,
        )
      : { height: 0 };
  if (key.node) nodes.push(key.node);
  spec.panels.forEach((panel, place) => {
    const left = (place % columns) * (wide + gap),
      top = key.height + Math.floor(place / columns) * (tall + 14),
      highest = Math.max(1, ...panel.values, ...(panel.before || []).filter(isNumber));
    const last = count(panel.values.at(-1)),
      figure = textWidth(last) + 8,
      scale = count(highest),
      inset = textWidth(scale, 10) + 6;
    const x = index => left + inset + (wide - inset - 6) * (months.length > 1 ? index / (months.length - 1) : 0.5),
      y = value => top + tall - 22 - (value / highest) * (tall - 50),
      point = (value, index) => (isNumber(value) ? [x(index), y(value)] : null);
    let title = panel.title;
    while (title.length > 4 && textWidth(title) + figure > wide - 4) title = clip(title, title.length - 1);
    const points = panel.values.map(point);
    nodes.push(
      label(title, left, top + 8),
      label(last, left + textWidth(title) + 8, top + 8, { bold: true }),
      label(scale, left + inset - 4, y(highest), { anchor: "end", tone: "muted", size: 10 }),
      label("0", left + inset - 4, y(0), { anchor: "end", tone: "muted", size: 10 }),
      svg("line", { x1: left + inset, x2: left + wide, y1: y(0), y2: y(0), stroke: colour("line") }),
      svg("line", { x1: left + inset, x2: left + wide, y1: y(highest), y2: y(highest), stroke: colour("grid") }),
    );
    if (panel.before)
      nodes.push(
        path(panel.before.map(point), { stroke: colour("muted"), "stroke-dasharray": "3 3", "stroke-width": 1.5 }),
      );
    nodes.push(
      area(
        points,
        points.map(([at]) => [at, y(0)]),
        panel.tone,
      ),
      path(points, { stroke: colour(panel.tone) }),
      svg("circle", { cx: points.at(-1)[0], cy: points.at(-1)[1], r: 3, fill: colour(panel.tone) }),
    );
    panel.values.forEach((value, index) =>
      nodes.push(
        telling(
          svg("rect", { x: x(index) - 8, y: top + 22, width: 16, height: tall - 40, fill: "transparent" }),
          `${panel.title}, ${monthName(months[index])}: ${count(value)}` +
            (isNumber(panel.before?.[index]) ? `, before ${count(panel.before[index])}` : ""),
          value ? panel.picks?.[index] : null,
        ),
      ),
    );
    nodes.push(
      ...(months.length > 1
        ? [
            [0, "start"],
            [months.length - 1, "end"],
          ]
        : [[0, "middle"]]
      ).map(([index, anchor]) =>
        label(shortMonth(months[index]), x(index), y(0) + 11, { anchor, tone: "muted", size: 10 }),
      ),
    );
  });
  return { nodes: nodes.filter(Boolean), height: key.height + Math.ceil(spec.panels.length / columns) * (tall + 14) };
};
