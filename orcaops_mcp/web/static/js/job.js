// A job's page: keys for its tabs and for what can be done with it.
import { ask } from "./dialogs.js";
import { onKey } from "./keys.js";
import { refresh } from "./live.js";

const LOOK_AGAIN_MS = 1500;

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

// What happened after the page was made and before it began to listen would not be seen otherwise.
if (document.getElementById("page").dataset.topics) setTimeout(refresh, LOOK_AGAIN_MS);
