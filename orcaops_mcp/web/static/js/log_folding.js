// What a reader folds: the heads of groups in sight, and one button for all of them.
const PAUSE_MS = 2000;

export class LogFolding {
  constructor(view, button) {
    this.view = view;
    this.button = button;
    this.button.hidden = true;
    this.lookedAt = 0;
  }

  /** Fold the group that a line begins, or open it. */
  one(line) {
    const { folds, list } = this.view;
    const hadFocus = document.activeElement?.matches?.("button.fold");
    folds.toggle(line);
    this.changed();
    list.drawNow();
    if (hadFocus) list.rows.querySelector(`[data-line="${line}"] .fold`)?.focus({ preventScroll: true });
  }

  /** Fold all groups, or open all if one is folded. */
  all() {
    const { folds, isEveryLine } = this.view;
    if (!isEveryLine || !folds.groups.length) return;
    folds.toggleAll();
    this.changed();
  }

  /** Other lines are seen: the one at the top stays there, or the head of the group that it is in now. */
  changed() {
    const { view } = this;
    const top = view.topLine ?? 1;
    view.list.clear();
    view.list.resize(view.countOf(view.source.facts.rows), view.isFollowing);
    if (!view.isFollowing) view.list.moveTo(view.folds.placeOf(top));
    view.tellTools();
  }

  /** A line that may be a marker was seen, or lines came: look for groups, not too often. */
  look() {
    const wait = PAUSE_MS - (performance.now() - this.lookedAt);
    if (this.view.folds.isKnown && wait > 0) return;
    this.lookedAt = performance.now();
    this.view.folds.find();
  }

  found() {
    const { folds, list } = this.view;
    this.button.hidden = !folds.groups.length;
    folds.folded.size ? this.changed() : list.draw();
  }

  /** Have a row's button say what it does. */
  tell(element, line) {
    const button = element.querySelector(".fold");
    if (!button) return;
    const { folds, isEveryLine, source } = this.view;
    const hides = isEveryLine ? folds.hides(line, source.facts.rows) : null;
    button.disabled = hides === null || hides === undefined;
    button.setAttribute("aria-expanded", String(!hides));
    button.dataset.hides = hides ? `${hides.toLocaleString("en")} line${hides === 1 ? "" : "s"}` : "";
  }
}
