// A list by keyboard: rows of a `table[data-list]` with `data-href`, and `data-cancel` and `data-rerun` where one may.
import { ask } from "./dialogs.js";
import { onKey } from "./keys.js";

onKey("j", () => move(1));
onKey("k", () => move(-1));
onKey("ArrowDown", () => move(1));
onKey("ArrowUp", () => move(-1));
onKey("g", () => select(rows()[0]));
onKey("G", () => select(rows().at(-1)));
onKey("Enter", (event) => {
  if (event.target.closest?.("a, button, summary")) return false;
  const row = selected();
  if (!row) return false;
  location.assign(row.dataset.href);
});
onKey("x", () => question("cancel"));
onKey("r", () => question("rerun"));

function rows() {
  return [...document.querySelectorAll("table[data-list] tbody tr[data-href]")];
}

function selected() {
  return document.querySelector('table[data-list] tr[aria-selected="true"]');
}

function move(by) {
  const all = rows();
  const at = all.indexOf(selected());
  return select(all[at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, at + by))]);
}

function select(row) {
  if (!row) return false;
  selected()?.removeAttribute("aria-selected");
  row.setAttribute("aria-selected", "true");
  row.querySelector("a")?.focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
}

function question(verb) {
  const address = selected()?.dataset[verb];
  if (!address) return false;
  ask(address);
}
