// Selecting several videos: x or the box picks one, with Shift all up to there, Escape none, Delete deletes them.
// Without this file the boxes and the buttons are there all the time.
import { expectOffer } from "./undo.js";

const MOST = 500; // at once
const bar = document.getElementById("picked");
let last = null;

const boxes = () => [...document.querySelectorAll("[data-pick]")];
const chosen = () => boxes().filter((box) => box.checked);

function show() {
  const states = new Set(chosen().map((box) => box.closest(".card").dataset.state));
  const number = String(chosen().length);
  const count = bar.querySelector("[data-number]");
  if (count.textContent !== number) count.textContent = number;
  for (const button of bar.querySelectorAll("[data-needs]")) {
    button.disabled = !button.dataset.needs.split(" ").some((state) => states.has(state));
  }
  document.body.classList.toggle("is-picking", number !== "0");
}

function pick(box, range) {
  const all = boxes();
  const from = range && last?.isConnected ? all.indexOf(last) : all.indexOf(box);
  const to = all.indexOf(box);
  for (const one of all.slice(Math.min(from, to), Math.max(from, to) + 1)) {
    if (!box.checked || chosen().length < MOST) one.checked = box.checked;
  }
  last = box;
  show();
}

let withShift = false;
document.addEventListener("click", (event) => {
  if (event.target.matches?.("[data-pick]")) withShift = event.shiftKey;
});
document.addEventListener("change", (event) => {
  if (!event.target.matches("[data-pick]")) return;
  pick(event.target, withShift);
  withShift = false;
});

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape" && chosen().length && !document.querySelector("dialog[open], details.menu[open]")) bar.reset();
  const card = event.target.closest?.(".card");
  if (!card) return;
  if (event.key.toLowerCase() === "x") {
    const box = card.querySelector("[data-pick]");
    box.checked = event.shiftKey || !box.checked;
    pick(box, event.shiftKey);
  } else if (event.key === "Delete" && chosen().length) {
    const button = bar.querySelector("[value=remove]");
    if (!button.disabled) button.click();
  }
});

bar.addEventListener("submit", (event) => event.submitter?.value === "remove" && expectOffer());
// What comes back is a file, which only the browser itself can save: htmx is not to hear of it.
window.addEventListener("submit", (event) => event.submitter?.value === "download" && event.stopPropagation(), true);
bar.addEventListener("reset", () => queueMicrotask(show));
bar.addEventListener("htmx:afterRequest", (event) => event.detail.successful && bar.reset());
document.addEventListener("htmx:afterSettle", show);
show();
