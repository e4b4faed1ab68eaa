// Rows of a log as the server has them: windows of 500, the last 40 of them kept. Nothing here touches the page.
const WINDOW = 500;
const KEPT = 40;
const NOTHING = { attempt: null, rows: 0, total: 0, whole: true, over: false, note: "", missing: "" };

export class LogSource {
  /** `changed(facts)` is called when more is known, `failed(seconds)` when the server cannot be asked. */
  constructor(addresses, { changed, failed }) {
    this.addresses = addresses;
    this.changed = changed;
    this.failed = failed;
    this.narrowed = {};
    this.forget();
  }

  /** Show only lines that hold what is sought (`{q, case, regex, only}`), or all with `{}`. */
  narrow(parameters) {
    this.narrowed = parameters;
    this.forget();
  }

  forget() {
    this.era = (this.era ?? 0) + 1;
    this.windows = new Map();
    this.asked = new Set();
    this.facts = NOTHING;
  }

  /** The row, from 1: `[number, milliseconds, stream, text, step, cut, flags]`; undefined until it has come. */
  row(row) {
    const index = Math.floor((row - 1) / WINDOW);
    return this.windows.get(index)?.[(row - 1) % WINDOW];
  }

  /** Have the rows from `first` to `last` fetched if they are not here. */
  want(first, last) {
    for (let index = Math.floor((first - 1) / WINDOW); index <= Math.floor((last - 1) / WINDOW); index++) {
      const known = this.windows.get(index);
      const there = Math.min(WINDOW, this.facts.rows - index * WINDOW);
      if (known) {
        this.windows.delete(index);
        this.windows.set(index, known);
      }
      if ((known?.length ?? 0) < there) this.fetch(index, known ?? []);
    }
    while (this.windows.size > KEPT) this.windows.delete(this.windows.keys().next().value);
  }

  /** Ask how much there is now. */
  async grow() {
    const answer = await this.ask(this.addresses.lines, { ...this.narrowed, limit: 0 });
    if (answer) this.take(answer);
    return answer;
  }

  /** The row of a line, or of the first after it. */
  async rowOf(line) {
    const answer = await this.ask(this.addresses.lines, { ...this.narrowed, line, limit: 0 });
    if (answer) this.take(answer);
    return answer?.first ?? 1;
  }

  /** The rows that hold a text, from one of them on, from 1, and at most 2000; null if the server does not tell. */
  async mentions(text, first) {
    for (;;) {
      const answer = await this.ask(this.addresses.lines, { q: text, case: 1, only: 1, first, limit: 2000 });
      if (!answer || answer.whole || answer.lines.length === 2000) return answer?.lines ?? null;
    }
  }

  /** What a search of the whole log finds, seen from a line. */
  search(sought, line) {
    return this.ask(this.addresses.search, { ...sought, from: line });
  }

  /** Rows from `first` to `last` however many, for copying. */
  async all(first, last) {
    const rows = [];
    while (first <= last) {
      const answer = await this.ask(this.addresses.lines, { ...this.narrowed, first, limit: Math.min(2000, last - first + 1) });
      if (!answer?.lines.length) break;
      rows.push(...answer.lines);
      first += answer.lines.length;
    }
    return rows;
  }

  async fetch(index, known) {
    const key = `${this.era}:${index}`;
    if (this.asked.has(key)) return;
    this.asked.add(key);
    const era = this.era;
    const first = index * WINDOW + known.length + 1;
    const answer = await this.ask(this.addresses.lines, { ...this.narrowed, first, limit: WINDOW - known.length });
    this.asked.delete(key);
    if (!answer || era !== this.era) return;
    this.windows.set(index, [...known, ...answer.lines]);
    this.take(answer);
  }

  take(answer) {
    const facts = this.facts;
    if ((facts.attempt && answer.attempt !== facts.attempt) || answer.rows < facts.rows) {
      this.forget(); // a further attempt began, or the log was cut back
    }
    const { attempt, rows, total, whole, over, note, missing } = answer;
    this.facts = { attempt, rows, total, whole, over, note, missing };
    this.changed(this.facts);
  }

  async ask(address, parameters) {
    const url = new URL(address, location.href);
    for (const [name, value] of Object.entries(parameters)) {
      if (value !== "" && value !== undefined && value !== null) url.searchParams.set(name, value);
    }
    for (let pause = 1; ; pause = Math.min(pause * 2, 15)) {
      const answer = await fetch(url, { headers: { Accept: "application/json" } }).catch(() => null);
      if (answer?.ok) return answer.json();
      if (answer && answer.status < 500 && answer.status !== 429) {
        const said = await answer.json().catch(() => null);
        this.failed(0, said?.error?.message ?? `The server answered ${answer.status}.`);
        return null;
      }
      this.failed(pause, "");
      await new Promise((resolve) => setTimeout(resolve, pause * 1000));
    }
  }
}
