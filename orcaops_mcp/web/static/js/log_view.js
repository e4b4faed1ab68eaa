// The log viewer: what is seen of a log of any length, and what a reader does with it.
import { copyText, toast } from "./copy.js";
import { onKey } from "./keys.js";
import { onNudge } from "./live.js";
import { LogFolding } from "./log_folding.js";
import { LogFolds } from "./log_folds.js";
import { LogList } from "./log_list.js";
import { markerOf, plainText, rowElement, timeText } from "./log_rows.js";
import { LogSearch } from "./log_search.js";
import { LogSource } from "./log_source.js";
import { button, icon, menu } from "./log_tools.js";

const TIMES = ["", "clock", "since"];
const ASK_MS = 2000;
const SAY_MS = 5000;
const MOST_COPIED = 10_000;

class LogView {
  constructor(root) {
    this.root = root;
    this.isFollowing = false;
    this.current = null;
    this.picked = null;
    this.times = "";
    this.start = 0;
    this.heardAt = 0;
    this.unsaid = 0;
    this.rows = 0;
    this.attempt = null;
    this.build();
    this.source = new LogSource(
      { lines: root.dataset.lines, search: root.dataset.searchSource },
      { changed: (facts) => this.grown(facts), failed: (seconds, why) => this.troubled(seconds, why) },
    );
    this.list = new LogList(this.box, {
      make: (index) => this.element(index),
      want: (first, last) => this.want(first - 1, last - 1),
      moved: (byReader) => this.moved(byReader),
    });
    this.list.drawn = () => this.drawn();
    this.folds = new LogFolds(this.source, () => this.folding.found());
    this.folding = new LogFolding(this, this.foldButton);
    this.search = new LogSearch(this);
    this.listen();
    this.begin();
  }

  build() {
    const icons = this.root.dataset.icons;
    const tools = this.root.querySelector('[data-part="tools"]');
    const press = (word, name, act, title) => button(icon(icons, name), word, title, act);
    this.timeButton = press("Time", "clock", () => this.nextTimes(), "Times: none, of the day, since the start (t)");
    this.wrapButton = press("Wrap", "text-wrap", () => this.wrap(), "Long lines wrap (w)");
    this.followButton = press("Follow", "arrow-down-to-line", () => this.follow(!this.isFollowing), "Stay at the end (f)");
    this.foldButton = press("Fold", "chevron-down", () => this.folding.all(), "Fold all groups, or open them (z)");
    this.copyButton = press("", "copy", () => this.copy(), "Copy the lines picked, or those in sight (c)");
    const text = (parameters) => () => this.textAddress(parameters);
    const raw = menu(icon(icons, "download"), "Raw", [
      ["Plain text", text({}), ""],
      ["Plain text with times", text({ time: 1 }), ""],
      ["Download all, as printed", text({ raw: 1, download: 1 }), "download"],
      ["Download what is in sight", () => this.textAddress({ download: 1, ...this.linesInSight() }), "download"],
    ]);
    tools.replaceChildren(this.timeButton, this.wrapButton, this.foldButton, this.followButton, this.copyButton, raw);
    this.box = Object.assign(document.createElement("div"), { className: "log-box", tabIndex: 0 });
    this.box.setAttribute("role", "log");
    this.box.setAttribute("aria-live", "off");
    this.box.setAttribute("aria-label", "Lines of the log");
    this.empty = Object.assign(document.createElement("p"), { className: "log-empty", textContent: "Reading…" });
    this.box.append(this.empty);
    this.foot = Object.assign(document.createElement("p"), { className: "log-foot num" });
    this.polite = Object.assign(document.createElement("p"), { className: "only-read" });
    this.polite.setAttribute("role", "status");
    this.root.querySelector('[data-part="mount"]').append(this.box, this.foot, this.polite);
  }

  async begin() {
    this.restore();
    const facts = await this.source.grow();
    if (!facts) return;
    this.isFollowing = !facts.over && !location.hash;
    const isPlaced = this.goToHash();
    const isSought = await this.search.begin(isPlaced ? this.picked[0] : 1);
    if (isPlaced) this.goToLine(this.picked[0]);
    else if (!isSought && this.isFollowing) this.list.moveTo(this.list.lastAnchor);
    this.tellTools();
    this.nameFirstError();
    setInterval(() => this.ask(), ASK_MS);
    setInterval(() => this.announce(), SAY_MS);
  }

  listen() {
    onNudge((topics) => {
      if (!topics.includes(this.root.dataset.topic)) return false;
      this.heardAt = performance.now();
      this.source.grow();
      return topics.every((topic) => topic.startsWith("log:"));
    });
    document.addEventListener("orcaops:refreshed", () => this.source.grow());
    addEventListener("hashchange", () => this.goToHash());
    this.root.addEventListener("click", (event) => this.clicked(event));
    document.addEventListener("click", (event) => {
      const link = event.target.closest?.("a[data-line]");
      if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      this.pick(Number(link.dataset.line));
      this.goToLine(Number(link.dataset.line));
    });
    for (const select of this.root.querySelectorAll('[data-part="select"]')) {
      select.addEventListener("change", () => this.reopen());
    }
    this.box.addEventListener("keydown", (event) => this.pressed(event));
    const keys = { f: () => this.follow(!this.isFollowing), t: () => this.nextTimes(), w: () => this.wrap(), c: () => this.copy(), z: () => this.folding.all() };
    for (const [key, act] of Object.entries(keys)) onKey(key, act);
    for (const key of ["j", "ArrowDown"]) onKey(key, () => this.list.moveBy(1));
    for (const key of ["k", "ArrowUp"]) onKey(key, () => this.list.moveBy(-1));
    onKey("g", () => this.list.moveTo(0, true));
    onKey("G", () => this.list.moveTo(this.list.lastAnchor, true));
    onKey("e", () => this.firstError());
  }

  // What a box that has the focus and scrolls does by itself goes the same way as the single keys.
  pressed(event) {
    const page = Math.max(1, Math.floor(this.list.fit) - 2);
    const ways = { PageDown: page, PageUp: -page, " ": event.shiftKey ? -page : page };
    if (event.key in ways) this.list.moveBy(ways[event.key]);
    else if (event.key === "Home") this.list.moveTo(0, true);
    else if (event.key === "End") this.list.moveTo(this.list.lastAnchor, true);
    else return;
    event.preventDefault();
  }

  ask() {
    const isOver = this.source.facts.over && this.source.facts.whole;
    if (!isOver && !document.hidden && performance.now() - this.heardAt > ASK_MS) this.source.grow();
  }

  grown(facts) {
    const more = facts.rows - this.rows;
    if (more < 0 || facts.attempt !== this.attempt) {
      this.list.clear();
      if (facts.attempt !== this.attempt) this.folds.forget();
    }
    if (more > 0 && this.rows) this.unsaid += more;
    [this.rows, this.attempt] = [facts.rows, facts.attempt];
    if (more && this.folds.isKnown) this.folding.look();
    this.empty.hidden = facts.rows > 0;
    this.empty.textContent = facts.note || (facts.whole ? "No line matches." : "Looking…");
    this.list.resize(this.countOf(facts.rows), this.isFollowing);
    if (facts.over && facts.whole && this.isFollowing) this.setFollowing(false);
    if (more) this.search.grown();
    if (!facts.whole) setTimeout(() => this.source.grow(), 50);
    this.tell();
  }

  troubled(seconds, why) {
    this.foot.textContent = why || `Lost contact. Trying again in ${seconds}s…`;
  }

  /** Whether the rows are the lines, so that groups can be folded. */
  get isEveryLine() {
    const { narrowed, facts } = this.source;
    return !Object.keys(narrowed).length && facts.rows === facts.total;
  }

  // Places in the list, rows of the log: they differ by what is folded.
  countOf(rows) { return this.isEveryLine ? this.folds.countOf(rows) : rows; }
  rowAt(place) { return this.isEveryLine ? this.folds.lineAt(place) : place + 1; }

  want(first, last) {
    let [from, to] = [this.rowAt(first), this.rowAt(first)];
    for (let place = first + 1; place <= last; place++) {
      const row = this.rowAt(place);
      if (row !== to + 1) {
        this.source.want(from, to);
        from = row;
      }
      to = row;
    }
    this.source.want(from, to);
  }

  element(index) {
    const row = this.source.row(this.rowAt(index));
    if (!row) return undefined;
    if (!this.folds.isKnown && row[3].includes("group::") && markerOf(row)) this.folding.look();
    if (index === 0) this.start = row[1];
    const made = rowElement(row, (line) => this.textAddress({ first: line, last: line, raw: 1 }));
    made.row = row;
    return made;
  }

  drawn() {
    for (const element of this.list.elements.values()) {
      if (!element.row) continue;
      const [number] = element.row;
      element.classList.toggle("current", number === this.current);
      element.classList.toggle("picked", Boolean(this.picked) && number >= this.picked[0] && number <= this.picked[1]);
      const time = timeText(element.row, this.times, this.start || element.row[1]);
      const place = element.children[2];
      if (place.textContent !== time) place.textContent = time;
      this.folding.tell(element, number);
    }
    this.search.highlight(this.list.rows);
    this.tell();
  }

  moved(byReader) {
    if (byReader) this.setFollowing(this.list.isAtEnd && !this.source.facts.over);
  }

  setFollowing(isFollowing) {
    if (this.isFollowing === isFollowing) return;
    this.isFollowing = isFollowing;
    this.tellTools();
    this.tell();
  }

  follow(isWanted) {
    if (isWanted) this.list.moveTo(this.list.lastAnchor);
    this.isFollowing = isWanted && !this.source.facts.over;
    this.tellTools();
    this.tell();
  }

  /** Have a line in sight; the row it has depends on what is shown. */
  async goToLine(line) {
    if (this.isEveryLine && this.folds.reveal(line)) this.folding.changed();
    const place = this.isEveryLine ? this.folds.placeOf(line) : (await this.source.rowOf(line)) - 1;
    this.setFollowing(false);
    this.list.reveal(Math.max(0, place));
    this.list.draw();
  }

  goToHash() {
    const range = /^#L(\d{1,12})(?:-L(\d{1,12}))?$/.exec(location.hash);
    if (!range) return false;
    const [first, last] = [Number(range[1]), Number(range[2] ?? range[1])];
    this.picked = [Math.min(first, last), Math.max(first, last)];
    this.goToLine(this.picked[0]);
    return true;
  }

  clicked(event) {
    const fold = event.target.closest?.("button.fold");
    if (fold) return this.folding.one(Number(fold.closest(".line").dataset.line));
    const link = event.target.closest?.("a.n");
    if (!link || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const line = Number(link.parentElement.dataset.line);
    this.pick(...(event.shiftKey && this.picked ? [Math.min(this.picked[0], line), Math.max(this.picked[0], line)] : [line]));
    this.list.draw();
  }

  pick(first, last = first) {
    this.picked = [first, last];
    const hash = last > first ? `#L${first}-L${last}` : `#L${first}`;
    history.replaceState(history.state, "", location.pathname + location.search + hash);
  }

  /** The first and last line in sight; in a narrowed log only once their rows have come. */
  linesInSight() {
    const seen = this.list.seen();
    if (!seen) return {};
    const [first, last] = [this.rowAt(seen.first), this.rowAt(seen.last)];
    if (this.isEveryLine) return { first, last };
    const rows = [this.source.row(first), this.source.row(last)];
    return rows[0] && rows[1] ? { first: rows[0][0], last: rows[1][0] } : {};
  }

  /** Where the reader is: the first line in sight, or the last one known to have been. */
  get lineHere() {
    return this.linesInSight().first ?? this.topLine ?? 1;
  }

  async copy() {
    const selected = String(getSelection());
    if (selected) return copyText(selected);
    let rows;
    if (this.picked && this.picked[1] > this.picked[0]) {
      const first = await this.source.rowOf(this.picked[0]);
      const many = Math.min(MOST_COPIED, this.picked[1] - this.picked[0] + 1);
      rows = (await this.source.all(first, first + many - 1)).filter(([number]) => number <= this.picked[1]);
    } else {
      const seen = this.list.seen();
      rows = [];
      for (let place = seen?.first; place <= seen?.last; place++) rows.push(this.source.row(this.rowAt(place)));
      rows = rows.filter(Boolean);
    }
    return copyText(rows.map((row) => plainText(row) + "\n").join(""));
  }

  async firstError() {
    const known = document.querySelector("#failure a[data-line]");
    if (known) return known.click();
    if (!this.root.dataset.firstError) return toast("A service's log tells of no error");
    const answer = await this.source.ask(this.root.dataset.firstError, {});
    if (!answer?.line) return toast("No line tells of an error");
    this.pick(answer.line);
    return this.goToLine(answer.line);
  }

  // A long log is not looked through while its page is made.
  async nameFirstError() {
    const link = document.querySelector("[data-first-error-link]");
    const answer = link && (await this.source.ask(this.root.dataset.firstError, {}));
    if (!answer?.line) return;
    link.textContent = `First error at line ${answer.line.toLocaleString("en")}`;
    link.dataset.line = answer.line;
  }

  nextTimes() {
    this.times = TIMES[(TIMES.indexOf(this.times) + 1) % TIMES.length];
    this.keepChoices();
    this.list.draw();
  }

  wrap() {
    this.root.classList.toggle("wrapped");
    this.keepChoices();
    this.list.draw();
  }

  restore() {
    try {
      const kept = JSON.parse(localStorage.getItem("orcaops-log") ?? "{}");
      this.times = TIMES.includes(kept.times) ? kept.times : "";
      this.root.classList.toggle("wrapped", kept.wrap === true);
    } catch { /* a browser that keeps nothing, or something else under this name */ }
    this.tellTools();
  }

  keepChoices() {
    try {
      localStorage.setItem("orcaops-log", JSON.stringify({ times: this.times, wrap: this.root.classList.contains("wrapped") }));
    } catch { /* then it is forgotten */ }
    this.tellTools();
  }

  /** Show another log, stream or step: its address is another one. */
  reopen() {
    const url = new URL(location.href);
    for (const select of this.root.querySelectorAll('[data-part="select"]')) {
      if (select.value) url.searchParams.set(select.name, select.value);
      else url.searchParams.delete(select.name);
    }
    url.searchParams.delete("first");
    const isSameLog = (new URL(location.href).searchParams.get("service") ?? "") === (url.searchParams.get("service") ?? "");
    const line = this.isFollowing || !isSameLog ? null : this.linesInSight().first;
    url.hash = line ? `L${line}` : "";
    location.assign(url);
  }

  textAddress(parameters) {
    const url = new URL(this.root.dataset.text, location.href);
    for (const [name, value] of Object.entries(parameters)) if (value) url.searchParams.set(name, value);
    return url.pathname + url.search;
  }

  tellTools() {
    const states = [[this.timeButton, this.times], [this.wrapButton, this.root.classList.contains("wrapped")], [this.followButton, this.isFollowing], [this.foldButton, this.folds?.folded.size]];
    for (const [made, isOn] of states) made.setAttribute("aria-pressed", String(Boolean(isOn)));
    this.followButton.disabled = this.source?.facts.over ?? false;
  }

  tell() {
    const { rows, total, over, whole } = this.source.facts;
    if (over) this.followButton.disabled = true;
    const n = (value) => value.toLocaleString("en");
    const { first, last } = this.linesInSight();
    const place = first ? `Lines ${n(first)}–${n(last)} of ${n(total)}` : `${n(total)} lines`;
    this.topLine = first ?? this.topLine;
    const hidden = this.isEveryLine && this.folds.count;
    const part = hidden ? ` · ${n(hidden)} folded` : rows !== total && total ? ` · ${n(rows)} shown` : "";
    const state = !whole ? "looking…" : over ? "complete" : this.isFollowing ? "following" : "paused — press f";
    const text = `${place}${part} · ${state}`;
    if (this.foot.textContent !== text) this.foot.textContent = text;
  }

  announce() {
    if (!this.unsaid || document.hidden) return;
    this.polite.textContent = `${this.unsaid.toLocaleString("en")} new lines`;
    this.unsaid = 0;
  }
}

for (const root of document.querySelectorAll("[data-log]")) new LogView(root);
