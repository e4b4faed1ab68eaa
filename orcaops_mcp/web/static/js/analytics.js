// Two drawings of what the tables beside them say; the tables are where the numbers are read from.
const HEIGHT = 240;
const STATUSES = ["success", "failed", "timed_out", "cancelled"];
const SPANS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400];
const COUNTS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000];
const plots = new Map();

const sizes = new ResizeObserver((seen) => {
  for (const { target } of seen) {
    const plot = plots.get(target);
    if (plot && Math.abs(plot.width - target.clientWidth) > 1) plot.setSize({ width: target.clientWidth, height: HEIGHT });
  }
});

for (const place of document.querySelectorAll("[data-plot]")) {
  draw(place);
  sizes.observe(place);
}
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
new MutationObserver(redraw).observe(document.documentElement, { attributeFilter: ["data-theme"] });

function redraw() {
  for (const [place, plot] of plots) {
    plot.destroy();
    draw(place);
  }
}

function draw(place) {
  const table = document.getElementById(place.dataset.table);
  const rows = [...table.tBodies[0].rows];
  const times = rows.map((row) => Number(row.dataset.at));
  const columns = [...table.tHead.rows[0].cells].slice(1).map((head, index) => ({
    name: head.dataset.series,
    label: head.textContent,
    values: rows.map((row) => number(row.cells[index + 1].dataset.value)),
    texts: rows.map((row) => row.cells[index + 1].textContent),
  }));
  const words = rows.map((row) => row.cells[0].textContent);
  const isBars = place.dataset.plot === "runs";
  const { data, series } = isBars ? stacked(place, times, columns) : lines(place, times, columns);
  const readout = document.querySelector(`[data-readout="${place.dataset.plot}"]`);
  const options = {
    width: place.clientWidth,
    height: HEIGHT,
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, points: { show: !isBars }, y: false },
    scales: { y: { range: (_, least, most) => [0, Math.max(most * 1.05, 1)] }, x: { range: room(times) } },
    axes: [
      axis(place, { space: 70, values: (_, ticks) => ticks.map((seconds) => moment(seconds, times)) }),
      axis(place, isBars ? { size: 48, incrs: COUNTS } : { size: 48, incrs: SPANS, values: (_, ticks) => ticks.map(span) }),
    ],
    series: [{}, ...series],
    hooks: {
      setCursor: [
        (plot) => {
          const at = plot.cursor.idx;
          readout.textContent =
            at == null ? "" : `${words[at]}: ${columns.map((column) => `${column.label} ${column.texts[at].trim()}`).join(" · ")}`;
        },
      ],
    },
  };
  const plot = new uPlot(options, data, place);
  plots.set(place, plot);
}

function number(text) {
  return text === "" ? null : Number(text);
}

// Bars on top of each other: each is drawn from the ground up to the sum, the highest first.
function stacked(place, times, columns) {
  const sums = times.map(() => 0);
  const layers = columns.map((column) => column.values.map((value, at) => (sums[at] += value ?? 0)));
  const order = columns.map((_, index) => columns.length - 1 - index);
  return {
    data: [times, ...order.map((index) => layers[index])],
    series: order.map((index) => ({
      label: columns[index].label,
      stroke: colour(place, "--bg"),
      width: 1,
      fill: columns[index].name === "cancelled" ? hatched(place) : colour(place, `--${STATUSES[index]}`),
      paths: uPlot.paths.bars({ size: [0.7, 48] }),
      points: { show: false },
    })),
  };
}

function lines(place, times, columns) {
  const looks = [
    { stroke: colour(place, "--accent") },
    { stroke: colour(place, "--timed_out"), dash: [6, 4] },
  ];
  return {
    data: [times, ...columns.map((column) => column.values)],
    series: columns.map((column, index) => ({ label: column.label, width: 2, spanGaps: true, points: { size: 5 }, ...looks[index] })),
  };
}

function axis(place, more) {
  const grid = { stroke: colour(place, "--line"), width: 1 };
  return { stroke: colour(place, "--muted"), grid, ticks: grid, font: "12px system-ui, sans-serif", ...more };
}

function room(times) {
  const half = times.length > 1 ? (times[1] - times[0]) / 2 : 1800;
  return [times[0] - half, times[times.length - 1] + half];
}

// A token's colour in the theme that holds here: the page works it out for an element.
function colour(place, token) {
  place.style.color = `var(${token})`;
  const found = getComputedStyle(place).color;
  place.style.color = "";
  return found;
}

function hatched(place) {
  const tile = document.createElement("canvas");
  tile.width = tile.height = 8;
  const pen = tile.getContext("2d");
  pen.strokeStyle = colour(place, "--cancelled");
  pen.lineWidth = 2;
  for (const from of [-4, 0, 4, 8]) {
    pen.beginPath();
    pen.moveTo(from, 8);
    pen.lineTo(from + 8, 0);
    pen.stroke();
  }
  return pen.createPattern(tile, "repeat");
}

function span(seconds) {
  if (seconds < 60) return `${seconds}s`;
  return seconds < 3600 ? `${seconds / 60}m` : `${seconds / 3600}h`;
}

// In UTC, as the tables have it: the hour where times lie closer than a day, else day and month.
function moment(seconds, times) {
  const text = new Date(seconds * 1000).toISOString();
  const isByHour = times.length > 1 && times[1] - times[0] < 86400;
  return isByHour ? text.slice(11, 16) : text.slice(5, 10);
}
