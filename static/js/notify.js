// A word from the system when a video is ready or has failed, if the reader asked for it on this browser and allows it.
// It needs an open page of ours, seen or not.

const KEY = "mundwerk.tell";
const OPEN = ["queued", "running"];
const able = "Notification" in window && window.isSecureContext;

/** Whether to tell: such a page goes on asking while nobody sees it. */
export function telling() {
  return able && Notification.permission === "granted" && localStorage.getItem(KEY) === "yes";
}

const button = () => document.querySelector("[data-notify]");

function show() {
  const shown = button();
  if (!shown) return;
  const open = document.querySelector(OPEN.map((state) => `[data-state="${state}"]`).join());
  shown.hidden = !able || Notification.permission === "denied" || !open;
  shown.setAttribute("aria-pressed", String(telling()));
}

async function toggle() {
  const on = !telling() && (await Notification.requestPermission()) === "granted";
  localStorage.setItem(KEY, on ? "yes" : "no");
  show();
}

/** One for each job, whatever the number of pages: the system takes the second with the same tag for the first. */
function tell(id, name, state) {
  const said = button()?.dataset[state];
  if (!telling() || !said) return;
  try {
    const word = new Notification(name, { body: said, tag: id, icon: document.querySelector("link[rel=icon]").href });
    word.addEventListener("click", () => {
      window.focus();
      location.assign(`/jobs/${id}/`);
    });
  } catch {
    // Some telephones tell only through a service worker: then there is no word.
  }
}

// In the gallery a card is about to be replaced by what it has become …
document.addEventListener("htmx:oobBeforeSwap", ({ detail: { target, fragment } }) => {
  const card = fragment.querySelector(".card");
  if (!card || !OPEN.includes(target.dataset.state) || OPEN.includes(card.dataset.state)) return;
  tell(target.dataset.job, card.querySelector(".card__title").textContent.trim(), card.dataset.state);
});

// … and a job's own page has become it.
const live = () => document.getElementById("live");
let before = live()?.dataset.state;
document.addEventListener("htmx:afterSwap", () => {
  const now = live();
  if (now && OPEN.includes(before) && !OPEN.includes(now.dataset.state)) {
    tell(now.dataset.job, now.querySelector("h1").textContent.trim(), now.dataset.state);
  }
  before = now?.dataset.state;
});

document.addEventListener("click", (event) => event.target.closest("[data-notify]") && toggle());
document.addEventListener("htmx:afterSettle", show);
window.addEventListener("storage", show);
show();
