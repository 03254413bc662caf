// The API page: language tabs, which all go together, and the place in the contents.

const KEPT = "language";
const groups = [...document.querySelectorAll("[data-tabs]")];
const tabsOf = (group) => [...group.querySelectorAll('[role="tab"]')];

function show(group, chosen) {
  for (const tab of tabsOf(group)) {
    const on = tab === chosen;
    const panel = document.getElementById(tab.getAttribute("aria-controls"));
    tab.setAttribute("aria-selected", String(on));
    tab.tabIndex = on ? 0 : -1;
    panel.hidden = !on;
    if (on) group.querySelector("[data-copy]").dataset.copy = panel.querySelector("code").id;
  }
}

// Every group shows the language; the one that was pressed stays where it is on the screen.
function choose(tab) {
  const language = tab.textContent;
  const before = tab.getBoundingClientRect().top;
  for (const group of groups) {
    const same = tabsOf(group).find((one) => one.textContent === language);
    if (same) show(group, same);
  }
  window.scrollBy({ top: tab.getBoundingClientRect().top - before, behavior: "instant" });
  localStorage.setItem(KEPT, language);
}

for (const group of groups) {
  const kept = tabsOf(group).find((tab) => tab.textContent === localStorage.getItem(KEPT));
  if (kept) show(group, kept);
  group.addEventListener("click", (event) => {
    const tab = event.target.closest('[role="tab"]');
    if (tab) choose(tab);
  });
  group.addEventListener("keydown", (event) => {
    const tab = event.target.closest('[role="tab"]');
    if (!tab) return;
    const all = tabsOf(group);
    const at = all.indexOf(tab);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: all.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const next = all[(to + all.length) % all.length];
    next.focus();
    choose(next);
  });
}

// --- Contents: the section that the upper third of the window is in. --------------------------

const links = new Map([...document.querySelectorAll(".toc a")].map((link) => [link.hash.slice(1), link]));
const seen = new IntersectionObserver(
  (entries) => {
    const now = entries.find((entry) => entry.isIntersecting);
    if (!now) return;
    for (const [id, link] of links) {
      if (id === now.target.id) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  },
  { rootMargin: "-30% 0px -70% 0px" },
);
for (const id of links.keys()) seen.observe(document.getElementById(id));
