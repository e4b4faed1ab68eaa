// One line of a log as an element: text and class names only, so that nothing printed can become part of the page.
import Anser from "/static/vendor/anser/anser.js";

const COLOURS = /\x1b\[[0-9;]*m/g;
const SHAPES = new Set(["bold", "dim", "italic", "underline", "strikethrough"]);
const CONTINUED = 1;
const GAP = 2;

/** The text of a row without its colours. */
export function plainText(row) {
  return row[3].replace(COLOURS, "");
}

/** What a row says of groups: `{title, isEnd}`; null for any other row. */
export function markerOf(row) {
  const found = /^::(?:group::(.*)|(endgroup)::.*)$/.exec(plainText(row));
  return found && { title: found[1]?.trim() ?? "", isEnd: Boolean(found[2]) };
}

/** The element of a row; `textAddress(line)` leads to all of a line that is cut. */
export function rowElement(row, textAddress) {
  const [number, , stream, text, , cut, flags] = row;
  const line = document.createElement("div");
  line.className = "line" + (stream === "e" ? " err" : stream === "n" ? " note" : "") + (flags & GAP ? " gap" : "");
  line.dataset.line = number;
  const link = part("a", "n", number);
  link.href = `#L${number}`;
  const sign = part("span", "s", stream === "e" ? "E" : "");
  if (stream === "e") sign.title = "stderr";
  line.append(link, sign, part("span", "at", ""));
  const body = part("span", "t", "");
  const marker = text.includes("group::") ? markerOf(row) : null;
  if (marker) {
    line.classList.add(marker.isEnd ? "group-end" : "group");
    body.append(marker.isEnd ? text : foldButton(marker.title));
  } else if (text.includes("\x1b")) body.append(...pieces(text));
  else body.textContent = text;
  line.append(body);
  if (cut || flags & CONTINUED) line.append(rest(number, cut, textAddress));
  return line;
}

/** The time of a row in a mode: `clock`, `since` the first, or none. */
export function timeText(row, mode, start) {
  if (!mode) return "";
  if (mode === "clock") {
    const at = new Date(row[1]);
    const two = (value) => String(value).padStart(2, "0");
    return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${String(at.getMilliseconds()).padStart(3, "0")}`;
  }
  return `+${((row[1] - start) / 1000).toFixed(3)}s`.padStart(10);
}

function foldButton(title) {
  const made = part("button", "fold", title || "Group");
  made.type = "button";
  made.setAttribute("aria-expanded", "true");
  return made;
}

function rest(number, cut, textAddress) {
  const note = part("span", "more muted", cut ? `… ${cut.toLocaleString("en")} bytes more ` : "… goes on below ");
  if (cut) {
    const all = part("a", "", "show all");
    all.href = textAddress(number);
    all.target = "_blank";
    note.append(all);
  }
  return note;
}

function* pieces(text) {
  for (const piece of Anser.ansiToJson(text, { json: true, remove_empty: true, use_classes: true })) {
    const made = part("span", "", piece.content);
    const isReverse = piece.decorations.includes("reverse");
    const [ink, paper] = [[piece.fg, piece.fg_truecolor], [piece.bg, piece.bg_truecolor]];
    if (isReverse && !ink[0] && !paper[0]) made.classList.add("inverse");
    paint(made, ...(isReverse ? [paper, ink] : [ink, paper]));
    for (const shape of piece.decorations) if (SHAPES.has(shape)) made.classList.add(shape);
    yield made;
  }
}

// Others than the sixteen keep their hue; their lightness is what can be read in either theme.
function paint(element, ink, paper) {
  const front = rgb(...ink);
  const back = rgb(...paper);
  if (front) element.style.color = `light-dark(oklch(from ${front} min(l, .48) c h), oklch(from ${front} max(l, .76) c h))`;
  else if (ink[0]) element.classList.add(ink[0]);
  if (back) element.style.background = `light-dark(oklch(from ${back} max(l, .92) min(c, .06) h), oklch(from ${back} min(l, .3) min(c, .1) h))`;
  else if (paper[0]) element.classList.add(`on-${paper[0]}`);
}

function rgb(name, truecolor) {
  if (name === "ansi-truecolor") return `rgb(${truecolor})`;
  const index = name?.startsWith("ansi-palette-") ? Number(name.slice(13)) : 0;
  if (index < 16) return "";
  if (index >= 232) return `rgb(${Array(3).fill(8 + (index - 232) * 10)})`;
  const level = (step) => (step ? 55 + step * 40 : 0);
  const cube = index - 16;
  return `rgb(${level(Math.floor(cube / 36))}, ${level(Math.floor(cube / 6) % 6)}, ${level(cube % 6)})`;
}

function part(tag, name, text) {
  const made = document.createElement(tag);
  if (name) made.className = name;
  made.textContent = text;
  return made;
}
