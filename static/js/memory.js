// What was typed and chosen in the studio comes back with "Back", which a browser does not do for pages that it may not
// keep. Files it can not give back: those of a video that was made come from the video (`like`).

const KEY = "mundwerk.studio";
const NAMES = ["model", "resolution", "order", "prompt", "seed"];

const fields = (form) =>
  [...form.elements].filter(({ name }) => NAMES.includes(name) || name.startsWith("engine-"));

/** Put back into `form` what it held when its page was left, if that page is come back to. */
export function remember(form) {
  window.addEventListener("pagehide", () => sessionStorage.setItem(KEY, JSON.stringify(held(form))));
  const [navigation] = performance.getEntriesByType("navigation");
  if (navigation?.type !== "back_forward" || form.elements.like) return;
  const values = JSON.parse(sessionStorage.getItem(KEY) ?? "{}");
  for (const field of fields(form)) {
    const value = values[field.name];
    if (value === undefined) continue;
    if (field.type === "radio") field.checked ||= field.value === value;
    else field.value = value;
  }
  if (values.prompt || values.seed) form.querySelector("details.extra").open = true;
}

function held(form) {
  const chosen = fields(form).filter((field) => field.type !== "radio" || field.checked);
  return Object.fromEntries(chosen.map(({ name, value }) => [name, value]));
}
