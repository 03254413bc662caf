// The word that videos were deleted, with "Undo": it goes by itself, but not under the hand. Without this file it stays.

const SHOWN_MS = 10_000;
const box = document.getElementById("undo");
let seen = ""; // the deletion that was offered last
let timer = 0;
let expected = false;

const form = () => box.querySelector("[data-undo]");

function leave() {
  clearTimeout(timer);
  timer = setTimeout(() => {
    if (box.matches(":hover, :focus-within")) leave();
    else form()?.remove();
  }, SHOWN_MS);
}

/** The next offer answers what was done here, so the keyboard goes to it: what had it is deleted. */
export function expectOffer() {
  expected = true;
}

/** An offer is made once, also if the server says it again. */
function offer() {
  const shown = form();
  if (!shown) return;
  if (shown.dataset.undo !== seen) {
    seen = shown.dataset.undo;
    if (expected) document.getElementById("undo-button").focus();
    expected = false;
    leave();
  } else if (!timer) shown.remove();
}

new MutationObserver(() => {
  if (!form()) timer = clearTimeout(timer) ?? 0;
  offer();
}).observe(box, { childList: true, subtree: true, attributes: true, attributeFilter: ["data-undo"] });
offer();
