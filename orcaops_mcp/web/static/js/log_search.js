// Search of a whole log: the server counts and finds, the reader goes from one match to the next.
import { onKey } from "./keys.js";
import { button, icon } from "./log_tools.js";

const PAUSE_MS = 250;
const COUNT_MS = 1000;
const MOST_STEPS = 5; // a key that is held down does not go on after it is let go
const FOUND = "orcaops-found";

export class LogSearch {
  constructor(view) {
    this.view = view;
    this.form = view.root.querySelector("form");
    this.input = this.form.elements.q;
    this.found = view.root.querySelector('[data-part="found"]');
    this.asking = 0;
    this.timer = 0;
    this.steps = 0;
    this.isGoing = false;
    const icons = view.root.dataset.icons;
    this.found.before(
      button(icon(icons, "chevron-left"), "", "Previous match (N)", () => this.go(-1)),
      button(icon(icons, "chevron-right"), "", "Next match (n)", () => this.go(1)),
    );
    this.form.addEventListener("submit", (event) => { event.preventDefault(); this.settle(1); });
    this.input.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && event.shiftKey) { event.preventDefault(); this.settle(-1); }
      if (event.key === "Escape") event.preventDefault(); // the browser would empty the field; leaving it is enough
    });
    this.input.addEventListener("input", () => { clearTimeout(this.timer); this.timer = setTimeout(() => this.asked(), PAUSE_MS); });
    for (const name of ["case", "regex"]) this.form.elements[name].addEventListener("change", () => this.asked());
    this.form.elements.only.addEventListener("change", () => this.asked());
    onKey("n", () => this.go(1));
    onKey("N", () => this.go(-1));
  }

  /** What is sought, as the server is asked for it; null for nothing. */
  get sought() {
    const { q, case: capitals, regex } = this.form.elements;
    return q.value ? { q: q.value, case: capitals.checked ? 1 : "", regex: regex.checked ? 1 : "" } : null;
  }

  /** Go on with what the address asks for, from a line on; whether it asks for anything. */
  async begin(line) {
    if (!this.sought) return false;
    await this.asked(line);
    return true;
  }

  // Something else is sought: narrow the view to it or not, and go to the first match from here on.
  async asked(line = this.view.lineHere) {
    clearTimeout(this.timer);
    this.steps = 0;
    const { sought, view } = this;
    view.current = null;
    this.keepAddress();
    this.wordsOf(sought);
    const narrowed = sought && this.form.elements.only.checked ? { ...sought, only: 1 } : {};
    if (JSON.stringify(narrowed) !== JSON.stringify(view.source.narrowed)) {
      view.source.narrow(narrowed);
      view.list.clear();
      await view.source.grow();
      if (!sought) await view.goToLine(line);
    }
    if (!sought) {
      this.asking++;
      this.found.textContent = "";
      view.list.draw();
      return;
    }
    await this.find(line, 0);
  }

  settle(direction) {
    if (this.hits && JSON.stringify(this.hits.sought) === JSON.stringify(this.sought)) this.go(direction);
    else this.asked();
  }

  go(direction) {
    if (!this.sought) { this.input.focus(); return; }
    this.steps = Math.max(-MOST_STEPS, Math.min(MOST_STEPS, this.steps + direction));
    if (!this.isGoing) this.goOn();
  }

  // What is pressed while a match is looked for waits for it: each step begins where the one before ended.
  async goOn() {
    this.isGoing = true;
    try {
      while (this.steps) {
        const direction = Math.sign(this.steps);
        this.steps -= direction;
        await this.find(this.view.current ?? this.view.lineHere, direction);
      }
    } finally {
      this.isGoing = false;
    }
  }

  /** Find the match at or after a line (0), the next (1) or the one before (-1), and show it. */
  async find(line, direction) {
    const asking = ++this.asking;
    const { sought } = this;
    this.found.textContent = "…";
    let hits = await this.view.source.search(sought, line);
    while (asking === this.asking && hits && !hits.whole && !hits.next) {
      this.found.textContent = `searching… ${hits.total.toLocaleString("en")} so far`; // not looked as far as the line yet
      hits = await this.view.source.search(sought, line);
    }
    if (asking !== this.asking || !hits) return;
    this.hits = { ...hits, sought };
    const [target, place] = chosen(hits, line, direction);
    this.view.current = target;
    this.say(place);
    if (target) await this.view.goToLine(target);
    this.view.list.draw();
    if (!hits.whole) this.count(asking);
  }

  // A search that ran out of time goes on where it stopped, until all was looked at.
  async count(asking) {
    const hits = await this.view.source.search(this.sought, this.view.current ?? 0);
    if (asking !== this.asking || !hits) return;
    this.hits = { ...hits, sought: this.sought };
    this.say(hits.place);
    if (!hits.whole) this.count(asking);
  }

  /** The log has more lines: count again, once a second. */
  grown() {
    if (!this.sought || !this.hits?.whole || this.counting) return;
    this.counting = setTimeout(() => { this.counting = 0; if (this.sought) this.count(this.asking); }, COUNT_MS);
  }

  say(place) {
    const n = (value) => value.toLocaleString("en");
    const { total, whole } = this.hits;
    const more = whole ? "" : " so far…";
    this.found.textContent = total ? `${this.view.current ? n(Math.min(place, total)) : "–"} of ${n(total)}${more}` : "no match";
  }

  keepAddress() {
    const url = new URL(location.href);
    const { q, case: capitals, regex, only } = this.form.elements;
    for (const [name, value] of [["q", q.value], ["case", capitals.checked], ["regex", regex.checked], ["only", only.checked]]) {
      if (value && q.value) url.searchParams.set(name, value === true ? "1" : value);
      else url.searchParams.delete(name);
    }
    history.replaceState(history.state, "", url);
  }

  wordsOf(sought) {
    const escaped = sought && !sought.regex ? sought.q.replace(/[.*+?^${}()|[\]\\]/g, "\\$&") : sought?.q;
    try {
      this.pattern = sought ? new RegExp(escaped, `g${sought.case ? "" : "i"}u`) : null;
    } catch {
      this.pattern = null; // an expression of RE2 that is none here: lines are found all the same
    }
  }

  /** Mark what is sought in the rows in sight, without touching them. */
  highlight(rows) {
    if (!window.CSS?.highlights) return;
    CSS.highlights.delete(FOUND);
    if (!this.pattern || !this.sought) return;
    const ranges = [];
    for (const body of rows.querySelectorAll(".t")) ranges.push(...rangesIn(body, this.pattern));
    if (ranges.length) CSS.highlights.set(FOUND, new Highlight(...ranges));
  }
}

/** The match that is meant, and which of all it is. */
function chosen(hits, line, direction) {
  if (direction === 0 && hits.hit) return [line, hits.place];
  if (direction >= 0) {
    if (!hits.next) return [hits.first, 1];
    return [hits.next, hits.place + (hits.hit ? 1 : 0)];
  }
  return hits.previous ? [hits.previous, hits.place - 1] : [hits.last, hits.total];
}

function rangesIn(body, pattern) {
  const ranges = [];
  for (const found of body.textContent.slice(0, 5000).matchAll(pattern)) {
    if (!found[0] || ranges.length > 50) break;
    const range = new Range();
    range.setStart(...pointIn(body, found.index));
    range.setEnd(...pointIn(body, found.index + found[0].length));
    ranges.push(range);
  }
  return ranges;
}

function pointIn(body, offset) {
  const walker = document.createTreeWalker(body, NodeFilter.SHOW_TEXT);
  let node = walker.nextNode();
  while (node && offset > node.length) {
    offset -= node.length;
    node = walker.nextNode();
  }
  return [node ?? body, node ? offset : 0];
}
