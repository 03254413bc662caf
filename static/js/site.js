// What every page does: theme, copying, closing, the dialog, and the word that the server is out of reach.

const root = document.documentElement;
const YEAR_SECONDS = 31_536_000;

// --- Theme: the forms work without this; here they do it without a new page. ---------------

function setTheme(theme) {
  if (theme === "system") delete root.dataset.theme;
  else root.dataset.theme = theme;
  document.cookie = `theme=${theme === "system" ? "" : theme}; path=/; SameSite=Lax; max-age=${theme === "system" ? 0 : YEAR_SECONDS}`;
  for (const button of document.querySelectorAll("[data-theme-form] [aria-pressed]")) {
    button.setAttribute("aria-pressed", String(button.value === theme));
  }
  const next = { system: "light", light: "dark", dark: "system" }[theme];
  for (const button of document.querySelectorAll("[data-theme-next]")) button.value = next;
}

document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-theme-form]") || !event.submitter) return;
  event.preventDefault();
  setTheme(event.submitter.value);
});

// --- Copy, close -------------------------------------------------------------------------

const SHOWN_MS = 1600;

async function copy(button) {
  await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent.trim());
  const label = button.querySelector("[data-label]");
  const before = label ? label.textContent : button.getAttribute("aria-label");
  const say = (text) => (label ? (label.textContent = text) : button.setAttribute("aria-label", text));
  button.classList.add("is-done");
  say(button.dataset.done);
  setTimeout(() => {
    button.classList.remove("is-done");
    say(before);
  }, SHOWN_MS);
}

const dialog = document.getElementById("dialog");

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]:not(.is-done)");
  if (button) copy(button).catch(() => {});
  event.target.closest("[data-dismiss]")?.closest(".toast").remove();
  const close = event.target.closest("[data-close]");
  if (close?.closest("dialog")) {
    event.preventDefault();
    dialog.close();
  }
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
  if (event.target === dialog) dialog.close();
});

document.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && document.querySelector("details.menu[open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});

// --- htmx: the dialog opens when something was put into it; the bar shows while nobody answers. ---

// What the reader has folded open or shut, typed or ticked stays so when its part changes.
const OWN = {
  open: (node) => node.matches("details"),
  value: (node) => node.matches("input") && node.value !== node.defaultValue,
  checked: (node) => node.matches("input") && node.checked !== node.defaultChecked,
};
if (window.Idiomorph) {
  Idiomorph.defaults.callbacks.beforeAttributeUpdated = (name, node) => !OWN[name]?.(node);
}

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.target === dialog && !dialog.open) dialog.showModal();
});

const offline = document.getElementById("offline");
document.addEventListener("htmx:sendError", () => (offline.hidden = false));
document.addEventListener("htmx:afterOnLoad", () => (offline.hidden = true));
window.addEventListener("offline", () => (offline.hidden = false));
window.addEventListener("online", () => (offline.hidden = true));
