// Pieces of the log viewer's bar.

/** A button with an icon and a word. */
export function button(sign, word, title, act) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "button small";
  made.title = title;
  if (!word) made.setAttribute("aria-label", title);
  made.append(sign, word);
  made.addEventListener("click", act);
  return made;
}

/** A menu of links `[word, address(), "download" or ""]` whose addresses are made when it opens. */
export function menu(sign, word, links) {
  const made = document.createElement("details");
  made.className = "menu";
  const summary = document.createElement("summary");
  summary.className = "button small";
  summary.append(sign, word);
  const box = document.createElement("div");
  box.className = "menu-box";
  for (const [text, address, kind] of links) {
    const link = document.createElement("a");
    link.textContent = text;
    if (kind !== "download") link.target = "_blank";
    link.href = "#";
    made.addEventListener("toggle", () => { if (made.open) link.href = address(); });
    link.addEventListener("click", () => { link.href = address(); made.open = false; });
    box.append(link);
  }
  made.append(summary, box);
  document.addEventListener("click", (event) => { if (!made.contains(event.target)) made.open = false; });
  made.addEventListener("keydown", (event) => { if (event.key === "Escape") { made.open = false; summary.focus(); } });
  return made;
}

/** An icon of the sprite at `address`. */
export function icon(address, name) {
  const space = "http://www.w3.org/2000/svg";
  const made = document.createElementNS(space, "svg");
  made.setAttribute("class", `icon icon-${name}`);
  made.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(space, "use");
  use.setAttribute("href", `${address}#${name}`);
  made.append(use);
  return made;
}
