// Keeps a page as things are: nudges say that something changed, the page fetches itself and is morphed.
// One connection a page, none while its tab is hidden; at most one refresh a second.
const EVERY_MS = 1000;
const HIDDEN_EVERY_MS = 15000;

const listeners = new Set();
let source = null;
let isPaused = false;
let topics = "";
let lostAt = 0;
let refreshedAt = 0;
let timer = 0;
let wanted = false;

/** Call `heard(topics)` at each nudge, before the page is refreshed; returning true keeps it from being refreshed. */
export function onNudge(heard) {
  listeners.add(heard);
}

/** Fetch the page as it is now and morph it; focus, selection and what was typed stay. */
export async function refresh() {
  wanted = false;
  refreshedAt = performance.now();
  if (document.querySelector("dialog[open]")) { later(); return; }
  const before = selectedRow();
  await window.htmx.ajax("GET", location.pathname + location.search, {
    target: "#page", select: "#page", swap: "outerMorph",
  });
  settle(before);
}

export function followPage() {
  const button = document.getElementById("live");
  if (!page()?.dataset.topics || !window.EventSource) return;
  button.hidden = false;
  button.addEventListener("click", () => { isPaused = !isPaused; isPaused ? close() : open(true); say(); });
  document.addEventListener("visibilitychange", () => {
    if (isPaused) return;
    document.hidden ? close() : open(true);
    say();
  });
  setInterval(() => {
    if (document.hidden && !isPaused && performance.now() - refreshedAt >= HIDDEN_EVERY_MS) refresh();
    if (lostAt) say();
  }, 1000);
  window.addEventListener("pagehide", close);
  open(false);
}

function page() {
  return document.getElementById("page");
}

function open(again) {
  close();
  topics = page().dataset.topics;
  source = new EventSource(`/events?topics=${encodeURIComponent(topics)}`);
  let isBack = again;
  source.addEventListener("open", () => {
    lostAt = 0;
    if (isBack) later();
    isBack = true;
    say();
  });
  source.addEventListener("error", () => {
    lostAt ||= Date.now();
    say();
    if (source?.readyState === EventSource.CLOSED) setTimeout(() => source && open(true), 3000);
  });
  source.addEventListener("nudge", (event) => {
    const changed = JSON.parse(event.data).topics;
    const isTaken = [...listeners].map((heard) => heard(changed)).some(Boolean);
    if (!isTaken) later();
  });
}

function close() {
  source?.close();
  source = null;
}

function later() {
  if (wanted) return;
  wanted = true;
  clearTimeout(timer);
  timer = setTimeout(refresh, Math.max(0, EVERY_MS - (performance.now() - refreshedAt)));
}

function say() {
  const button = document.getElementById("live");
  const state = isPaused ? "paused" : lostAt ? "reconnecting" : "live";
  const seconds = Math.round((Date.now() - lostAt) / 1000);
  const text = state === "reconnecting" ? `reconnecting… ${seconds}s` : state;
  if (button.textContent !== text) button.textContent = text;
  button.dataset.state = state;
}

function selectedRow() {
  return document.querySelector('tr[aria-selected="true"]')?.id;
}

function settle(rowId) {
  const row = rowId && document.getElementById(rowId);
  if (row) row.setAttribute("aria-selected", "true");
  const icon = document.getElementById("favicon");
  const now = page().dataset.favicon;
  if (now && icon.getAttribute("href") !== now) icon.setAttribute("href", now);
  if (source && page().dataset.topics !== topics) page().dataset.topics ? open(false) : close();
  document.dispatchEvent(new CustomEvent("orcaops:refreshed"));
}
