// The log of a run: goes on while the run does, and stays where the reader is.
import { onKey } from "./keys.js";

const EVERY_MS = 1000;
const MOST_ROWS = 5000;

const box = document.getElementById("run-log");
const body = box?.querySelector("tbody");
const state = document.getElementById("log-state");
let next = box?.dataset.rest;
let follows = true;
let fresh = 0;

if (box) begin();

function begin() {
  toEnd();
  box.addEventListener("scroll", () => { follows = box.scrollHeight - box.scrollTop - box.clientHeight < 24; if (follows) fresh = 0; say(); });
  toggle("[data-times]", "has-times", "t", false);
  toggle("[data-wrap]", "no-wrap", "w", true);
  onKey("g", () => { box.scrollTop = 0; });
  onKey("G", toEnd);
  if (next) { say(); setTimeout(read, EVERY_MS); }
}

async function read() {
  if (document.hidden) { setTimeout(read, EVERY_MS); return; }
  const answer = await fetch(next).catch(() => null);
  if (!answer?.ok) {
    put(state, "Lost contact; trying again…");
    setTimeout(read, EVERY_MS * 3);
    return;
  }
  const page = await answer.json();
  for (const line of page.lines) body.append(row(line));
  while (body.rows.length > MOST_ROWS) body.rows[0].remove();
  next = page.next;
  if (page.lines.length) {
    if (follows) toEnd(); else fresh += page.lines.length;
  }
  say();
  if (next) setTimeout(read, page.at_end ? EVERY_MS : 50);
}

function row(line) {
  const made = document.createElement("tr");
  if (line.stream === "stderr") made.className = "err";
  const at = document.createElement("td");
  at.className = "at";
  const time = document.createElement("time");
  time.dateTime = line.at;
  time.textContent = line.at.slice(11, 23);
  at.append(time);
  const name = document.createElement("th");
  name.scope = "row";
  name.className = `shade-${line.shade}`;
  const link = document.createElement(line.href ? "a" : "span");
  if (line.href) link.href = line.href;
  link.textContent = line.name;
  name.append(link);
  const text = document.createElement("td");
  text.className = "text";
  text.textContent = line.text + (line.cut ? ` … ${line.cut} more characters` : "");
  made.append(at, name, text);
  return made;
}

function say() {
  const count = `${body.rows.length} line${body.rows.length === 1 ? "" : "s"}`;
  const now = next ? (follows ? "following" : `paused${fresh ? `, ${fresh} new` : ""}`) : "complete";
  put(state, body.rows.length || next ? `${count}, ${now}` : "This run printed nothing.");
}

function toEnd() {
  box.scrollTop = box.scrollHeight;
  follows = true;
  fresh = 0;
}

function toggle(selector, name, key, isInverse) {
  const button = document.querySelector(selector);
  button.hidden = false;
  const flip = () => {
    const isOn = box.classList.toggle(name);
    button.setAttribute("aria-pressed", String(isOn !== isInverse));
  };
  button.addEventListener("click", flip);
  onKey(key, flip);
}

function put(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
