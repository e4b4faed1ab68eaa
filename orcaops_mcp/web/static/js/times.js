// Times that go on: how long ago something was, how long it lasts.
export function keepTimes() {
  tick();
  setInterval(tick, 1000);
  document.addEventListener("orcaops:refreshed", tick);
}

/** A span in two units at most, to the nearest of the smaller, as the server words it; one that grows, in whole seconds. */
export function duration(seconds) {
  for (const [unit, length, smaller, part, least] of [["d", 86400, "h", 3600, 86370], ["h", 3600, "m", 60, 3599.5], ["m", 60, "s", 1, 59.5]]) {
    if (seconds < least) continue;
    const parts = Math.round(seconds / part), whole = length / part;
    return `${Math.floor(parts / whole)}${unit} ${String(parts % whole).padStart(2, "0")}${smaller}`;
  }
  return `${Math.round(seconds)}s`;
}

function ago(seconds) {
  if (seconds < 2) return "now";
  for (const [unit, length] of [["d", 86400], ["h", 3600], ["m", 60]]) {
    if (seconds >= length) return `${Math.floor(seconds / length)}${unit} ago`;
  }
  return `${Math.floor(seconds)}s ago`;
}

function tick() {
  const now = Date.now();
  for (const element of document.querySelectorAll("[data-ago]")) {
    const at = Date.parse(element.dateTime);
    const seconds = (now - at) / 1000;
    if (seconds < 7 * 86400) put(element, ago(seconds));
    const local = new Date(at).toLocaleString();
    if (!element.title.includes(local)) element.title = `${element.dateTime} · ${local}`;
  }
  for (const element of document.querySelectorAll("[data-since]")) {
    put(element, duration(Math.max(0, (now - Date.parse(element.dataset.since)) / 1000)));
  }
}

function put(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
