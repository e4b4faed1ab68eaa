// While one types: the same job as a command, and what is wrong at its field once that field was left.
const form = document.getElementById("job-form");
const box = document.getElementById("equivalent");
const touched = new Set();
let timer = 0;
let asked = 0;

form.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(ask, 300);
});
form.addEventListener("focusout", (event) => {
  if (event.target.name) touched.add(event.target.name);
  clearTimeout(timer);
  timer = setTimeout(ask, 100);
});

async function ask() {
  const number = ++asked;
  const fields = new URLSearchParams(new FormData(form));
  try {
    const answer = await fetch("/jobs/new/equivalent", { method: "POST", body: fields, headers: { Accept: "application/json" } });
    if (!answer.ok || number !== asked) return;
    show(await answer.json());
  } catch {
    // the engine is away; Run says so
  }
}

function show({ command, problems }) {
  if (command) box.textContent = command;
  for (const place of document.querySelectorAll("[data-problem]")) {
    const name = place.dataset.problem;
    const words = (problems[name] ?? []).join("; ");
    const isShown = words && (touched.has(name) || place.textContent);
    place.textContent = isShown ? words : "";
    const input = document.getElementById(name);
    isShown ? input?.setAttribute("aria-invalid", "true") : input?.removeAttribute("aria-invalid");
  }
}
