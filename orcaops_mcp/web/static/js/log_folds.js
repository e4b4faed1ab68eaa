// Groups of a log, from a line `::group::title` to `::endgroup::` or the next group, and which of them are folded. Lines have
// numbers from 1; what is seen of them has places of its own, from 0.
import { markerOf } from "./log_rows.js";

const MOST = 4000;

export class LogFolds {
  /** `found()` is called when groups were found. */
  constructor(source, found) {
    this.source = source;
    this.found = found;
    this.isAsking = false;
    this.forget();
  }

  /** Another log stands here. */
  forget() {
    this.groups = []; // {line, last}, in order; the last one may be open: its `last` is Infinity
    this.folded = new Set();
    this.asked = 0; // of the lines that may be markers, so many were looked at
    this.isKnown = false;
    this.arrange();
  }

  /** How many of so many rows are seen. */
  countOf(rows) {
    const hides = this.hidden.at(-1);
    if (!hides) return rows;
    return hides.last === Infinity ? Math.min(rows, hides.place) : rows - hides.before - (hides.last - hides.first + 1);
  }

  /** The line at a place. */
  lineAt(place) {
    const hides = this.hidden.findLast((one) => one.place <= place);
    return place + 1 + (hides ? hides.before + hides.last - hides.first + 1 : 0);
  }

  /** The place of a line, or of the head of the folded group that it is in. */
  placeOf(line) {
    const hides = this.hidden.findLast((one) => one.first <= line);
    if (!hides) return line - 1;
    return line <= hides.last ? hides.place - 1 : line - 1 - hides.before - (hides.last - hides.first + 1);
  }

  /** How many lines a folded group hides; 0 if it is open, null if the line begins none. */
  hides(line, rows) {
    const group = this.groups.find((one) => one.line === line);
    return group && (this.folded.has(line) ? Math.min(group.last, rows) - line : 0);
  }

  get count() {
    return this.hidden.reduce((sum, one) => sum + Math.min(one.last, this.source.facts.rows) - one.first + 1, 0);
  }

  /** Fold a group, or open it. */
  toggle(line) {
    if (!this.groups.some((one) => one.line === line)) return;
    this.folded.has(line) ? this.folded.delete(line) : this.folded.add(line);
    this.arrange();
  }

  /** Fold all groups, or open all if one is folded. */
  toggleAll() {
    this.folded = new Set(this.folded.size ? [] : this.groups.map((one) => one.line));
    this.arrange();
  }

  /** Open the group that hides a line; whether there was one. */
  reveal(line) {
    const group = this.groups.find((one) => one.line < line && line <= one.last && this.folded.has(one.line));
    if (group) this.toggle(group.line);
    return Boolean(group);
  }

  /** Find the groups, once one was seen, and those that came since. */
  async find() {
    if (this.isAsking || this.asked >= MOST) return;
    this.isAsking = true;
    const before = this.asked;
    const rows = await this.source.mentions("group::", before + 1);
    this.isAsking = false;
    if (before !== this.asked || !rows) return;
    this.isKnown = true;
    this.asked += rows.length;
    for (const row of rows) this.take(row[0], markerOf(row));
    this.arrange();
    this.found();
    if (rows.length === 2000) this.find();
  }

  take(line, marker) {
    const open = this.groups.at(-1);
    if (marker && open?.last === Infinity) open.last = marker.isEnd ? line : line - 1;
    if (marker && !marker.isEnd) this.groups.push({ line, last: Infinity });
  }

  // The stretches that are not seen: from line to line, how many are hidden before it, and the place where it would be.
  arrange() {
    let before = 0;
    this.hidden = [];
    for (const { line, last } of this.groups) {
      if (!this.folded.has(line) || last <= line) continue;
      this.hidden.push({ first: line + 1, last, before, place: line - before });
      before += last - line;
    }
  }
}
