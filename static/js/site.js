// What every page has: theme, copying, notices, the dialog, the offline bar. Without it all of them still work as forms and links.

const root = document.documentElement;
const YEAR_SECONDS = 365 * 86400;

function setTheme(theme) {
  if (theme === "light" || theme === "dark") {
    root.dataset.theme = theme;
    document.cookie = `theme=${theme}; path=/; max-age=${YEAR_SECONDS}; samesite=lax`;
  } else {
    delete root.dataset.theme;
    document.cookie = "theme=; path=/; max-age=0; samesite=lax";
  }
  const next = { light: "dark", dark: "system" }[theme] ?? "light";
  for (const button of document.querySelectorAll("[data-theme-next]")) button.value = next;
  for (const button of document.querySelectorAll(".theme button")) {
    button.setAttribute("aria-pressed", String(button.value === (theme || "system")));
  }
}

document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-theme-form]")) return;
  event.preventDefault();
  setTheme(event.submitter?.value === "system" ? "" : event.submitter?.value);
});

async function copy(button) {
  const text = document.getElementById(button.dataset.copy)?.textContent.trim() ?? "";
  await navigator.clipboard.writeText(text);
  const label = button.querySelector("[data-label]");
  const before = label?.textContent;
  button.classList.add("is-done");
  if (label) label.textContent = button.dataset.done;
  else button.setAttribute("aria-label", button.dataset.done);
  setTimeout(() => {
    button.classList.remove("is-done");
    if (label) label.textContent = before;
  }, 2000);
}

document.addEventListener("click", (event) => {
  const copier = event.target.closest("[data-copy]");
  if (copier) copy(copier);
  event.target.closest("[data-dismiss]")?.closest(".toast").remove();
  const closer = event.target.closest("dialog [data-close]");
  if (closer) {
    event.preventDefault();
    closer.closest("dialog").close();
  }
});

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.target.id === "dialog") event.target.showModal();
});

// A server that does not answer: say so, and take it back with the first answer.
const offline = document.getElementById("offline");
document.addEventListener("htmx:sendError", () => { offline.hidden = false; });
document.addEventListener("htmx:afterOnLoad", () => { offline.hidden = true; });
window.addEventListener("offline", () => { offline.hidden = false; });
window.addEventListener("online", () => { offline.hidden = true; });
