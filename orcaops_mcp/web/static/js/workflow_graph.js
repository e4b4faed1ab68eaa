// The graph of a run: laid out by dagre, drawn as SVG whose nodes are links in the order of the run.
import { Graph, layout } from "/static/vendor/dagre/dagre.esm.js";
import { linksOf, verticesOf } from "./graph_shape.js";
import { onKey } from "./keys.js";

const SVG = "http://www.w3.org/2000/svg";
const MOST_DRAWN = 300;
const HEIGHT = 40;

const section = document.getElementById("graph");
const box = document.getElementById("graph-box");
const opened = new Set();
const chosen = new Set();
let data = null;
let shape = "";
let zoom = 1;
let mustDraw = false;
let drawn = new Map();
let canvas, tools, notice, size;

if (box) begin();

async function begin() {
  build();
  box.hidden = false;
  document.addEventListener("orcaops:refreshed", load);
  window.addEventListener("resize", () => size && size.isFitted && fit());
  keys();
  await load();
}

async function load() {
  const answer = await fetch(section.dataset.source).catch(() => null);
  if (!answer?.ok) {
    say("The graph could not be loaded; the table of jobs has it all.", "Try again", load);
    return;
  }
  data = await answer.json();
  const vertices = verticesOf(data.nodes, opened);
  if (vertices.length > MOST_DRAWN && !mustDraw) {
    shape = "";
    canvas.replaceChildren();
    tools.hidden = true;
    say(`${vertices.length} jobs: the table is shown.`, "Draw anyway", () => { mustDraw = true; load(); });
    return;
  }
  say(data.left_out ? `${data.left_out} more jobs are in the table.` : "");
  tools.hidden = false;
  const links = linksOf(vertices, data);
  const next = JSON.stringify([vertices.map((vertex) => [vertex.id, vertex.label]), links.map((link) => [link.from, link.to])]);
  if (next === shape) {
    for (const vertex of vertices) paint(vertex);
    for (const link of links) paintLink(link);
  } else {
    shape = next;
    draw(vertices, links);
  }
  dim();
  const held = document.activeElement?.dataset?.vertex;
  if (held) follow(held);
}

// --- drawing

function draw(vertices, links) {
  const graph = arrange(vertices, links);
  const { width, height } = graph.graph();
  const svg = make("svg", { viewBox: `0 0 ${width} ${height}`, class: "graph-picture", role: "group", "aria-label": "Jobs and what they wait for" });
  svg.append(arrows());
  drawn = new Map();
  const lines = make("g", {});
  for (const link of links) lines.append(drawLink(link, graph));
  svg.append(lines);
  for (const vertex of vertices) svg.append(drawVertex(vertex, graph.node(vertex.id)));
  const focused = document.activeElement?.dataset?.vertex;
  canvas.replaceChildren(svg);
  if (focused && drawn.get(focused)) drawn.get(focused).element.focus({ preventScroll: true });
  const isFirst = !size;
  size = { width, height, isFitted: size?.isFitted ?? true };
  if (isFirst || size.isFitted) fit(); else scale(zoom);
}

/** Edges run backwards and from right to left: so the earliest stands in the first column. */
function arrange(vertices, links) {
  const graph = new Graph();
  graph.setGraph({ rankdir: "RL", ranker: "longest-path", nodesep: 12, ranksep: 64, marginx: 12, marginy: 12 });
  graph.setDefaultEdgeLabel(() => ({}));
  const widths = columnWidths(vertices, links);
  for (const vertex of vertices) graph.setNode(vertex.id, { width: widths.get(vertex.id), height: HEIGHT });
  for (const link of links) graph.setEdge(link.to, link.from);
  layout(graph);
  return graph;
}

function columnWidths(vertices, links) {
  const before = new Map(vertices.map((vertex) => [vertex.id, []]));
  for (const link of links) before.get(link.to).push(link.from);
  const columns = new Map();
  const column = (id) => {
    if (!columns.has(id)) {
      columns.set(id, 0);
      columns.set(id, Math.max(-1, ...before.get(id).map(column)) + 1);
    }
    return columns.get(id);
  };
  const widest = new Map();
  for (const vertex of vertices) {
    const wide = Math.max(150, 56 + vertex.label.length * 7.4 + Math.max(56, (vertex.took ?? "").length * 6.6));
    widest.set(column(vertex.id), Math.max(widest.get(column(vertex.id)) ?? 0, wide));
  }
  return new Map(vertices.map((vertex) => [vertex.id, widest.get(column(vertex.id))]));
}

function drawVertex(vertex, place) {
  const link = make("a", { class: "vertex", "data-vertex": vertex.id, transform: `translate(${place.x - place.width / 2},${place.y - HEIGHT / 2})` });
  const bar = make("rect", { x: 5, y: 7, width: 4, height: HEIGHT - 14, rx: 2 });
  const use = make("use", {});
  const icon = make("svg", { class: "icon", x: 16, y: 12, width: 16, height: 16, "aria-hidden": "true" });
  icon.append(use);
  const took = make("text", { class: "vertex-took", x: place.width - 10, y: 25, "text-anchor": "end" });
  const name = make("text", { class: "vertex-name", x: 40, y: 25 });
  name.textContent = vertex.label;
  const title = make("title", {});
  link.append(title, make("rect", { class: "vertex-box", width: place.width, height: HEIGHT, rx: 6 }), bar, icon, name, took);
  const open = () => { opened.add(vertex.job); size.isFitted = true; load(); };
  if (vertex.isFolded) link.addEventListener("click", (event) => { event.preventDefault(); open(); });
  for (const kind of ["pointerenter", "focus"]) link.addEventListener(kind, () => follow(vertex.id));
  for (const kind of ["pointerleave", "blur"]) link.addEventListener(kind, () => follow(null));
  drawn.set(vertex.id, { element: link, bar, use, took, title, icon, vertex });
  paint(vertex);
  return link;
}

function paint(vertex) {
  const parts = drawn.get(vertex.id);
  if (!parts) return;
  parts.vertex = vertex;
  parts.element.setAttribute("href", vertex.href);
  parts.element.setAttribute("aria-label", vertex.said);
  parts.element.setAttribute("class", `vertex status-${vertex.status}${vertex.critical ? " critical" : ""}`);
  parts.bar.setAttribute("class", `fill-${vertex.status}`);
  parts.icon.setAttribute("class", `icon icon-${vertex.icon}`);
  parts.use.setAttribute("href", `${box.dataset.icons}#${vertex.icon}`);
  parts.title.textContent = vertex.said;
  if (vertex.since) parts.took.dataset.since = vertex.since; else delete parts.took.dataset.since;
  if (!vertex.since) parts.took.textContent = vertex.took;
}

function drawLink(link, graph) {
  const from = graph.node(link.from);
  const to = graph.node(link.to);
  const inner = graph.edge(link.to, link.from).points.slice(1, -1).reverse();
  const points = [{ x: from.x + from.width / 2, y: from.y }, ...inner, { x: to.x - to.width / 2 - 5, y: to.y }];
  const path = make("path", { d: curve(points), "marker-end": "url(#graph-arrow)" });
  const group = make("g", { "data-from": link.from, "data-to": link.to });
  group.append(path);
  if (link.label) {
    const end = points.at(-1);
    const text = make("text", { class: "edge-label", x: end.x - 6, y: end.y - 6, "text-anchor": "end" });
    text.textContent = link.label;
    group.append(text);
  }
  drawn.set(link.key, { element: group, link });
  paintLink(link);
  return group;
}

function paintLink(link) {
  const parts = drawn.get(link.key);
  if (!parts) return;
  parts.link = link;
  const words = ["edge", link.skipped && "skipped", link.last && "last", link.critical && "critical"];
  parts.element.setAttribute("class", words.filter(Boolean).join(" "));
}

function curve(points) {
  let path = `M${points[0].x},${points[0].y}`;
  for (let at = 1; at < points.length; at += 1) {
    const [a, b] = [points[at - 1], points[at]];
    const middle = (a.x + b.x) / 2;
    path += `C${middle},${a.y} ${middle},${b.y} ${b.x},${b.y}`;
  }
  return path;
}

function arrows() {
  const defs = make("defs", {});
  const marker = make("marker", { id: "graph-arrow", viewBox: "0 0 8 8", refX: 2, refY: 4, markerWidth: 8, markerHeight: 8, orient: "auto", markerUnits: "userSpaceOnUse" });
  marker.append(make("path", { class: "edge-arrow", d: "M0,0 8,4 0,8Z" }));
  defs.append(marker);
  return defs;
}

// --- looking

/** Dim all but a vertex, what it waits for and what waits for it. */
function follow(id) {
  if (id === null) { dim(); return; }
  const links = [...drawn.values()].filter((parts) => parts.link).map((parts) => parts.link);
  const near = new Set([id]);
  for (const [start, end] of [["from", "to"], ["to", "from"]]) {
    const ahead = [id];
    const seen = new Set(ahead);
    for (const name of ahead) {
      for (const link of links) if (link[start] === name && !seen.has(link[end])) { seen.add(link[end]); ahead.push(link[end]); near.add(link[end]); }
    }
  }
  for (const parts of drawn.values()) {
    const isNear = parts.link ? near.has(parts.link.from) && near.has(parts.link.to) : near.has(parts.vertex.id);
    parts.element.classList.toggle("dim", !isNear);
  }
}

/** Dim what the chosen statuses and the search leave out. */
function dim() {
  const text = tools.querySelector("input").value.trim().toLowerCase();
  const isNear = (vertex) => (!chosen.size || chosen.has(vertex.status)) && (!text || vertex.names.some((name) => name.toLowerCase().includes(text)) || vertex.label.toLowerCase().includes(text));
  for (const parts of drawn.values()) {
    const isDim = parts.link ? chosen.size > 0 || text !== "" : !isNear(parts.vertex);
    parts.element.classList.toggle("dim", isDim);
  }
  statuses();
}

function scale(to) {
  zoom = Math.min(2.5, Math.max(0.15, to));
  const svg = canvas.firstElementChild;
  if (!svg) return;
  svg.setAttribute("width", Math.round(size.width * zoom));
  svg.setAttribute("height", Math.round(size.height * zoom));
}

function fit() {
  if (!size) return;
  size.isFitted = true;
  const height = document.fullscreenElement === box ? canvas.clientHeight - 8 : Infinity;
  scale(Math.max(document.fullscreenElement === box ? 0.15 : 0.45, Math.min(1, (canvas.clientWidth - 2) / size.width, height / size.height)));
}

function by(factor) {
  if (!size) return;
  size.isFitted = false;
  scale(zoom * factor);
}

function say(text, word = "", act = null) {
  notice.replaceChildren();
  notice.hidden = !text;
  if (!text) return;
  notice.append(text);
  if (!act) return;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button small";
  button.textContent = word;
  button.addEventListener("click", act);
  notice.append(" ", button);
}

// --- tools

function build() {
  tools = document.createElement("div");
  tools.className = "graph-tools row";
  const find = document.createElement("input");
  find.type = "search";
  find.placeholder = "Find a job";
  find.setAttribute("aria-label", "Find a job in the graph");
  find.dataset.search = "";
  find.addEventListener("input", dim);
  find.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    const first = [...drawn.values()].find((parts) => parts.vertex && !parts.element.classList.contains("dim"));
    first?.element.focus();
  });
  const filter = document.createElement("span");
  filter.className = "row graph-statuses";
  filter.setAttribute("role", "group");
  filter.setAttribute("aria-label", "Show only jobs of these statuses");
  tools.append(find, filter, tool("Fit", "Fit the graph into its box (f)", fit), tool("+", "Larger", () => by(1.25)), tool("−", "Smaller", () => by(0.8)));
  if (document.fullscreenEnabled) tools.append(tool("Fullscreen", "Graph over the whole screen", fullscreen));
  notice = document.createElement("p");
  notice.className = "muted graph-notice";
  notice.hidden = true;
  canvas = document.createElement("div");
  canvas.className = "graph-canvas";
  canvas.tabIndex = -1;
  box.append(tools, notice, canvas);
  document.addEventListener("fullscreenchange", fit);
  canvas.addEventListener("wheel", (event) => { if (event.ctrlKey) { event.preventDefault(); by(event.deltaY < 0 ? 1.1 : 0.9); } }, { passive: false });
  drag();
}

function tool(word, title, act) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button small";
  button.textContent = word;
  button.title = title;
  button.setAttribute("aria-label", title);
  button.addEventListener("click", act);
  return button;
}

function statuses() {
  const filter = tools.querySelector(".graph-statuses");
  const words = new Map(data.nodes.map((node) => [node.status, node.word]));
  const now = [...words.keys()].join() + [...chosen].join();
  if (filter.dataset.now === now) return;
  filter.dataset.now = now;
  const held = document.activeElement?.dataset?.status;
  filter.replaceChildren();
  for (const [status, word] of words.size > 1 ? words : []) {
    const button = tool(word, `Only ${word.toLowerCase()}`, () => { chosen.delete(status) || chosen.add(status); dim(); });
    button.setAttribute("aria-pressed", String(chosen.has(status)));
    button.dataset.status = status;
    filter.append(button);
    if (held === status) button.focus();
  }
}

function fullscreen() {
  if (document.fullscreenElement) document.exitFullscreen();
  else box.requestFullscreen();
}

function drag() {
  let start = null;
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button || event.target.closest?.("a") || event.pointerType === "touch") return;
    start = { x: event.clientX + canvas.scrollLeft, y: event.clientY + canvas.scrollTop };
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!start) return;
    canvas.scrollLeft = start.x - event.clientX;
    canvas.scrollTop = start.y - event.clientY;
  });
  for (const kind of ["pointerup", "pointercancel"]) canvas.addEventListener(kind, () => { start = null; });
}

function keys() {
  onKey("f", fit);
  onKey("+", () => by(1.25));
  onKey("-", () => by(0.8));
  const step = (way) => () => {
    const all = [...canvas.querySelectorAll("a.vertex")];
    const at = all.indexOf(document.activeElement);
    if (!all.length) return false;
    const next = all[at < 0 ? (way > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, at + way))];
    next.focus();
    next.scrollIntoView?.({ block: "nearest", inline: "nearest" });
  };
  onKey("j", step(1));
  onKey("k", step(-1));
  for (const [key, way] of [["ArrowDown", 1], ["ArrowUp", -1]]) {
    onKey(key, () => (document.activeElement?.closest?.("a.vertex") ? step(way)() : false));
  }
}

function make(name, attributes) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}
