// What every page does beside showing: follow what happens, keys, times that tick, dialogs, copying.
import { followPage } from "./live.js";
import { listenForKeys } from "./keys.js";
import { keepTimes } from "./times.js";
import { openDialogs } from "./dialogs.js";
import { offerCopies } from "./copy.js";

// On a narrow screen the place one is at may stand outside what is seen of its bar.
for (const here of document.querySelectorAll(".places [aria-current], .tabs [aria-current]")) {
  here.parentElement.scrollLeft = here.offsetLeft - here.parentElement.offsetLeft - 24;
}
keepTimes();
offerCopies();
openDialogs();
listenForKeys();
followPage();
