// Several at once: files dropped onto their places, what was chosen, and the way of the files to the server.
// Without this file the form is a plain one with file fields.
import { Progress } from "./progress.js";
import { fill } from "./sentence.js";

const form = document.getElementById("several");
const progress = new Progress(document.getElementById("check"));
const unsent = document.getElementById("unsent");
const tooMany = document.getElementById("too-many");
const NAMES = 4;

// --- What was chosen --------------------------------------------------------------------------

function say(drop) {
  const names = [...drop.control.files].map((file) => file.name);
  const more = names.length - NAMES;
  drop.querySelector("[data-chosen]").textContent =
    names.slice(0, NAMES).join(", ") + (more > 0 ? ` ${fill(form.dataset.textMore, { count: more })}` : "");
  const problem = document.getElementById(`problem-${drop.control.id}`);
  if (names.length) problem.hidden = true;
}

/** Put files into the field as if they had been picked: many beside those that are there, one in the place of another. */
function give(drop, files) {
  const transfer = new DataTransfer();
  const wanted = drop.control.multiple ? [...drop.control.files, ...files] : files.slice(0, 1);
  for (const file of wanted) transfer.items.add(file);
  drop.control.files = transfer.files;
  say(drop);
}

for (const drop of form.querySelectorAll(".drop")) {
  drop.control.addEventListener("change", () => say(drop));
  drop.addEventListener("dragover", () => drop.classList.add("is-over"));
  drop.addEventListener("dragleave", (event) => drop.contains(event.relatedTarget) || drop.classList.remove("is-over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("is-over");
    give(drop, [...event.dataTransfer.files]);
  });
  say(drop);
}
// A file that misses its place does not replace the page.
window.addEventListener("dragover", (event) => event.preventDefault());
window.addEventListener("drop", (event) => event.preventDefault());

// --- Sending: show the upload, keep everything if it fails -----------------------------------------

form.addEventListener("htmx:beforeRequest", () => {
  unsent.hidden = tooMany.hidden = true;
  progress.begin();
});
progress.watch(form);
form.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.xhr.getResponseHeader("HX-Redirect")) return;
  progress.rest();
  const { status } = event.detail.xhr;
  tooMany.hidden = status !== 413;
  unsent.hidden = !event.detail.failed || status === 422 || status === 413;
});
form.addEventListener("htmx:afterSettle", () => {
  if (document.getElementById("faults")) document.getElementById("problems").scrollIntoView();
  else form.querySelector(".field__error:not([hidden])")?.scrollIntoView({ block: "nearest" });
});
