// Single keys: ignored while somebody types, and with modifiers. Pages add their own with `onKey`.
const keys = new Map();

/** Have `act(event)` called for a key; return false to leave the key to the browser. */
export function onKey(key, act) {
  keys.set(key, act);
}

export function isTyping(element) {
  return Boolean(element?.closest?.("input, textarea, select, [contenteditable]"));
}

export function listenForKeys() {
  const button = document.getElementById("keys-button");
  const help = document.getElementById("keys");
  button.hidden = false;
  button.addEventListener("click", () => help.showModal());
  onKey("?", () => help.showModal());
  onKey("/", () => {
    const search = document.querySelector("[data-search]");
    if (!search) return false;
    search.focus();
    search.select?.();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && isTyping(document.activeElement)) {
      document.activeElement.blur();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || isTyping(event.target)) return;
    if (document.querySelector("dialog[open]")) return;
    const act = keys.get(event.key);
    if (act && act(event) !== false) event.preventDefault();
  });
}
