// The form of a workflow: a finding leads to its place in the text.
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[data-line]");
  const field = document.getElementById("text");
  if (!link || !field || field.readOnly) return;
  event.preventDefault();
  const lines = field.value.split("\n");
  const line = Math.min(lines.length, Number(link.dataset.line)) - 1;
  const start = lines.slice(0, line).reduce((sum, each) => sum + each.length + 1, 0);
  field.focus();
  field.setSelectionRange(start + Number(link.dataset.column) - 1, start + lines[line].length);
  field.scrollTop = Math.max(0, (line - 4) * 20);
});
