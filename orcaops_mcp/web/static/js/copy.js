// Buttons that copy the text of another element.
export function offerCopies() {
  show();
  document.addEventListener("orcaops:refreshed", show);
  document.addEventListener("click", async (event) => {
    const button = event.target.closest?.("[data-copy]");
    if (!button) return;
    const source = document.getElementById(button.dataset.copy);
    if (source) await copyText(source.value ?? source.textContent);
  });
}

/** Put a text on the clipboard and say so. */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    toast("Copied");
  } catch {
    toast("The browser does not let this page copy");
  }
}

/** A short word at the bottom of the page, read out too. */
export function toast(text) {
  document.getElementById("toast")?.remove();
  const word = document.createElement("div");
  word.id = "toast";
  word.setAttribute("role", "status");
  word.textContent = text;
  document.body.append(word);
  setTimeout(() => word.remove(), 2500);
}

function show() {
  for (const button of document.querySelectorAll("[data-copy][hidden]")) button.hidden = false;
}
