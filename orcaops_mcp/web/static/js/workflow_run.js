// A run's page: tabs by number, its questions by key, bars of the timeline that go on.
import "./bell.js";
import { ask } from "./dialogs.js";
import { onKey } from "./keys.js";
import { onNudge, refresh } from "./live.js";
import { duration } from "./times.js";

for (const key of ["1", "2", "3", "4", "5", "6"]) {
  onKey(key, () => {
    const tab = document.querySelectorAll("[data-tab]")[Number(key) - 1];
    if (!tab) return false;
    tab.click();
  });
}
for (const key of ["x", "r"]) {
  onKey(key, () => {
    const link = document.querySelector(`[data-key="${key}"]`);
    if (!link) return false;
    if (link.hasAttribute("data-dialog")) ask(link.getAttribute("href"));
    else location.assign(link.getAttribute("href"));
  });
}

let axis = null;
let elapsed = 0;
let seenAt = 0;
let isDrawing = false;

document.addEventListener("orcaops:refreshed", look);
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
});
// What a reader has opened stays open when the page is made anew.
document.addEventListener("htmx:before:morph:node", (event) => {
  const { oldNode, newNode } = event.detail;
  if (oldNode instanceof HTMLDetailsElement && newNode instanceof HTMLDetailsElement) newNode.open = oldNode.open;
});
look();
setInterval(grow, 1000);
let isAwaited = false;
onNudge(() => {
  const pace = Number(document.getElementById("graph")?.dataset.pace);
  if (!pace) return false;
  if (!isAwaited) {
    isAwaited = true;
    setTimeout(() => { isAwaited = false; refresh(); }, pace);
  }
  return true;
});

function look() {
  axis = document.querySelector("svg[data-elapsed]");
  elapsed = Number(axis?.dataset.elapsed);
  seenAt = performance.now();
}

/** The axis has no room any more: the page is fetched with a longer one. */
async function drawAnew() {
  isDrawing = true;
  await refresh().catch(() => null);
  isDrawing = false;
}

function grow() {
  if (!axis) return;
  const span = Number(axis.dataset.span);
  const now = elapsed + (performance.now() - seenAt) / 1000;
  const isPaused = document.getElementById("live").dataset.state === "paused";
  if (now > span && axis.querySelector("[data-from]") && !document.hidden && !isPaused && !isDrawing) drawAnew();
  for (const bar of axis.querySelectorAll("[data-from]")) {
    const from = Number(bar.dataset.from);
    const width = Math.max(0, Math.min(now, span) - from) / span * 100;
    bar.setAttribute("width", `${width}%`);
    const text = bar.parentElement.querySelector("[data-ends]");
    if (!text) continue;
    text.setAttribute("x", `${from / span * 100 + width}%`);
    text.textContent = duration(Math.max(0, now - from));
  }
}
