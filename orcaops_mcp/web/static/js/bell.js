// Says in a notification of the browser how a job or a run ended, if the reader asked for that. It is asked for once, by a
// press, and kept for this browser; of several tabs that follow the same, one notification is seen.
import { toast } from "./copy.js";

const KEPT = "orcaops-bell";
const MOST = 50;

const bell = () => document.getElementById("bell");

if (window.Notification) {
  document.addEventListener("click", (event) => { if (event.target.closest?.("#bell")) pressed(); });
  document.addEventListener("orcaops:refreshed", look);
  look();
}

async function pressed() {
  const { id } = bell().dataset;
  if (isWanted(id)) return keep(id, false);
  const answer = Notification.permission === "default" ? await Notification.requestPermission() : Notification.permission;
  if (answer !== "granted") return toast("The browser does not let this page notify you");
  keep(id, true);
  return toast("You will be told when it ends");
}

// The page was made anew: offer it while something goes on, and ring once it has ended.
function look() {
  const button = bell();
  if (!button) return;
  const { id, name, word, ended } = button.dataset;
  button.hidden = ended !== undefined;
  button.setAttribute("aria-pressed", String(isWanted(id)));
  if (ended === undefined || !isWanted(id)) return;
  keep(id, false);
  const told = new Notification(`${word}: ${name}`, { body: id, tag: id, icon: document.getElementById("favicon").href });
  told.onclick = () => { window.focus(); told.close(); };
}

function wanted() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEPT) ?? "[]");
    return Array.isArray(kept) ? kept : [];
  } catch {
    return []; // a browser that keeps nothing, or something else under this name
  }
}

function isWanted(id) {
  return wanted().includes(id);
}

function keep(id, isOn) {
  const others = wanted().filter((one) => one !== id);
  try {
    localStorage.setItem(KEPT, JSON.stringify(isOn ? [...others, id].slice(-MOST) : others));
  } catch { /* then nothing is told */ }
  bell().setAttribute("aria-pressed", String(isWanted(id)));
}
