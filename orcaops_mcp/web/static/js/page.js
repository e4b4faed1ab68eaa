// What every page does beside showing: follow what happens, keys, times that tick, dialogs, copying.
import { followPage } from "./live.js";
import { listenForKeys } from "./keys.js";
import { keepTimes } from "./times.js";
import { openDialogs } from "./dialogs.js";
import { offerCopies } from "./copy.js";

keepTimes();
offerCopies();
openDialogs();
listenForKeys();
followPage();
