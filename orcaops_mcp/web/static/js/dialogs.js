// Questions in a dialog: a link with `data-dialog` leads to a page that asks; here its form comes to the reader.
export function openDialogs() {
  document.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    const link = event.target.closest?.("a[data-dialog]");
    if (link) {
      event.preventDefault();
      ask(link.getAttribute("href"));
    } else if (event.target.closest?.("dialog [data-close]")) {
      event.preventDefault();
      event.target.closest("dialog").close();
    }
  });
}

let isAsking = false;

/** Show the question of a page in the dialog; a page without one is gone to. */
export async function ask(address) {
  if (isAsking) return;
  isAsking = true;
  const dialog = document.getElementById("dialog");
  dialog.replaceChildren();
  // requests of one source wait for each other, and a refresh of the page may be under way
  await window.htmx.ajax("GET", address, {
    source: dialog, target: "#dialog", select: "#confirm", swap: "innerHTML", ignoreTitle: true,
  }).finally(() => { isAsking = false; });
  if (!dialog.querySelector("form")) {
    location.assign(address);
    return;
  }
  dialog.showModal();
  dialog.querySelector("button.button")?.focus();
}
