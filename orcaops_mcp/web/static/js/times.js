// Times that go on: how long ago something was, how long it lasts.
export function keepTimes() {
  tick();
  setInterval(tick, 1000);
  document.addEventListener("orcaops:refreshed", tick);
}

/** A span in two units at most, as the server words it. */
export function duration(seconds) {
  const two = (value) => String(value).padStart(2, "0");
  const whole = Math.floor(seconds);
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m ${two(whole % 60)}s`;
  if (whole < 86400) return `${Math.floor(whole / 3600)}h ${two(Math.floor((whole % 3600) / 60))}m`;
  return `${Math.floor(whole / 86400)}d ${two(Math.floor((whole % 86400) / 3600))}h`;
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
