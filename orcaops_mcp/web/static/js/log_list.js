// A list of any length of which only what is seen exists. A scroll bar cannot stand for a million rows of 20 pixels in every
// browser, so beyond 8,000,000 pixels it stands for them in proportion.
const ROW = 20;
const TALLEST = 8_000_000;
const SPARE = 8;

export class LogList {
  /**
   * `make(index)` gives a row's element, or undefined until its text is here; `want(first, last)` has rows fetched;
   * `moved(byReader)` is told of each change of place.
   */
  constructor(box, { make, want, moved }) {
    Object.assign(this, { box, make, want, moved });
    this.space = div("log-space");
    this.block = div("log-block");
    this.rows = div("log-rows");
    this.block.append(this.rows);
    this.space.append(this.block);
    box.append(this.space);
    this.count = 0;
    this.anchor = 0; // the row at the top, from 0, in fractions
    this.elements = new Map();
    this.expected = 0;
    this.due = 0;
    box.addEventListener("scroll", () => this.scrolled(), { passive: true });
    box.addEventListener("wheel", (event) => this.wheeled(event), { passive: false });
    new ResizeObserver(() => this.resized()).observe(box);
  }

  get height() { return this.box.clientHeight; }
  get fit() { return Math.max(1, this.height / ROW); }
  get lastAnchor() { return Math.max(0, this.count - this.fit); }
  get isAtEnd() { return this.anchor >= this.lastAnchor - 0.05; }
  get isScaled() { return this.count * ROW > TALLEST; }

  /** There are so many rows now; whoever stood at the end stays there if `stick`. */
  resize(count, stick) {
    this.count = count;
    this.place(stick ? this.lastAnchor : Math.min(this.anchor, this.lastAnchor));
  }

  /** Forget all elements: other rows stand in their places now. */
  clear() {
    this.elements.clear();
    this.rows.replaceChildren();
  }

  /** Put a row at the top. */
  moveTo(anchor, byReader = false) {
    this.place(Math.min(Math.max(0, anchor), this.lastAnchor));
    this.moved(byReader);
  }

  moveBy(rows) {
    this.moveTo(this.anchor + rows, true);
  }

  /** Have a row (from 0) in sight, a third from the top unless it is seen already. */
  reveal(index) {
    if (index < this.anchor + 1 || index > this.anchor + this.fit - 2) this.moveTo(index - Math.floor(this.fit / 3));
  }

  /** The first and last row in sight, from 0. */
  seen() {
    const top = this.box.getBoundingClientRect().top;
    let first = null;
    let last = null;
    for (const [index, element] of this.elements) {
      const { top: above, bottom } = element.getBoundingClientRect();
      if (bottom <= top + 1 || above >= top + this.height - 1) continue;
      first = first === null ? index : Math.min(first, index);
      last = last === null ? index : Math.max(last, index);
    }
    return first === null ? null : { first, last };
  }

  /** Draw before the next frame. */
  draw() {
    this.due ||= requestAnimationFrame(() => { this.due = 0; this.drawNow(); });
  }

  place(anchor) {
    this.anchor = anchor;
    const height = Math.max(this.height, Math.min(this.count * ROW, TALLEST));
    this.space.style.height = `${height}px`;
    this.block.style.height = `${this.height}px`;
    const room = height - this.height;
    this.expected = this.lastAnchor ? Math.round((room * anchor) / this.lastAnchor) : 0;
    if (Math.abs(this.box.scrollTop - this.expected) > 1) this.box.scrollTop = this.expected;
    this.draw();
  }

  drawNow() {
    const many = Math.ceil(this.fit) + SPARE;
    const atEnd = this.isAtEnd && this.lastAnchor > 0;
    const first = atEnd ? Math.max(0, this.count - many) : Math.floor(this.anchor);
    const last = Math.min(this.count, first + many);
    if (last > first) this.want(first + 1, last);
    this.keep(first, last);
    const block = this.rows.offsetHeight;
    const top = this.rows.firstElementChild?.offsetHeight ?? ROW;
    const shift = atEnd ? Math.min(0, this.height - block) : -(this.anchor - first) * top;
    this.rows.style.transform = `translateY(${shift}px)`;
    this.drawn?.();
  }

  // Elements stay as long as their row is near, so that a selection in them does.
  keep(first, last) {
    const wanted = new Map();
    for (let index = first; index < last; index++) {
      const known = this.elements.get(index);
      wanted.set(index, known && !known.isWaiting ? known : this.make(index) ?? known ?? waiting());
    }
    const kept = new Set(wanted.values());
    for (const element of this.elements.values()) if (!kept.has(element)) element.remove();
    let next = this.rows.firstChild;
    for (const element of wanted.values()) {
      if (element === next) next = next.nextSibling;
      else this.rows.insertBefore(element, next);
    }
    this.elements = wanted;
  }

  scrolled() {
    const top = this.box.scrollTop;
    if (Math.abs(top - this.expected) <= 1) return;
    this.expected = top;
    const room = this.space.offsetHeight - this.height;
    this.anchor = room > 0 ? Math.min(this.lastAnchor, (this.lastAnchor * top) / room) : 0;
    this.draw();
    this.moved(true);
  }

  // Where the scroll bar stands for rows in proportion, or rows have heights of their own, a turn of the wheel would go too far.
  wheeled(event) {
    const isWrapped = this.box.closest(".wrapped");
    if (event.ctrlKey || event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY) || !(this.isScaled || isWrapped)) return;
    const pixels = event.deltaMode === 1 ? event.deltaY * ROW : event.deltaMode === 2 ? event.deltaY * this.height : event.deltaY;
    if (pixels < 0 ? this.anchor <= 0 : this.isAtEnd) return;
    event.preventDefault();
    const tall = this.elements.get(Math.floor(this.anchor))?.offsetHeight || ROW;
    this.moveBy(pixels / tall);
  }

  resized() {
    const stick = this.isAtEnd && this.count > 0;
    this.place(stick ? this.lastAnchor : this.anchor);
  }
}

function waiting() {
  const made = div("line waiting");
  made.isWaiting = true;
  made.textContent = " ";
  return made;
}

function div(name) {
  const made = document.createElement("div");
  made.className = name;
  return made;
}
