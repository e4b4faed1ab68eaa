// Keeps a page as things are: nudges say that something changed, the page fetches itself and is morphed.
// Nothing is listened to while the tab is hidden or paused; at most one refresh a second.
import { Line } from "./line.js";

const EVERY_MS = 1000;
const HIDDEN_EVERY_MS = 15000;

const listeners = new Set();
const line = new Line(hear, stand);
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

/** Fetch the page as it is now and morph it, unless it is paused; focus, selection and what was typed stay. */
export async function refresh() {
  wanted = false;
  if (isPaused) return;
  refreshedAt = performance.now();
  if (document.querySelector("dialog[open]")) { later(); return; }
  await window.htmx.ajax("GET", location.pathname + location.search, {
    target: "#page", select: "#page", swap: "outerMorph",
  });
  settle();
}

export function followPage() {
  const button = document.getElementById("live");
  if (!page()?.dataset.topics || !window.EventSource) return;
  button.hidden = false;
  button.addEventListener("click", () => { isPaused = !isPaused; isPaused ? line.close() : open(); say(); });
  document.addEventListener("visibilitychange", () => {
    if (isPaused) return;
    document.hidden ? line.close() : open();
    say();
  });
  setInterval(() => {
    if (document.hidden && !isPaused && performance.now() - refreshedAt >= HIDDEN_EVERY_MS) refresh();
    if (lostAt) say();
  }, 1000);
  window.addEventListener("pagehide", () => line.close());
  window.addEventListener("pageshow", (event) => { if (event.persisted && !isPaused) open(); });
  open();
  say();
}

function page() {
  return document.getElementById("page");
}

// What happened before the line stands is not heard: it says so, and the page is fetched once more.
function open() {
  topics = page().dataset.topics;
  line.open(topics.split(","));
}

function hear(changed) {
  const isTaken = [...listeners].map((heard) => heard(changed)).some(Boolean);
  if (!isTaken) later();
}

function stand(isLost, isBack) {
  lostAt = isLost ? lostAt || Date.now() : 0;
  if (isBack) later();
  say();
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

function settle() {
  const icon = document.getElementById("favicon");
  const now = page().dataset.favicon;
  if (now && icon.getAttribute("href") !== now) icon.setAttribute("href", now);
  if (line.isOpen && page().dataset.topics !== topics) page().dataset.topics ? open() : line.close();
  document.dispatchEvent(new CustomEvent("orcaops:refreshed"));
}
