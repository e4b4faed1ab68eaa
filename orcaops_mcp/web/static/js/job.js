// A job's page: keys for its tabs and for what can be done with it.
import "./bell.js";
import { ask } from "./dialogs.js";
import { onKey } from "./keys.js";

const head = () => document.getElementById("job-head");

for (const key of ["1", "2", "3", "4"]) {
  onKey(key, () => document.querySelector(`#job-tabs a[data-key="${key}"]`)?.click() ?? false);
}
onKey("x", () => question(head()?.dataset.cancel));
onKey("r", () => question(head()?.dataset.rerun));

function question(address) {
  if (!address) return false;
  ask(address);
  return true;
}

document.addEventListener("click", (event) => {
  const menu = document.getElementById("job-menu");
  if (menu?.open && !event.target.closest?.("#job-menu summary")) menu.open = false;
});
