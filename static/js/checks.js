// What is missing, and what is known to be wrong, before the files are sent.
import { consent, form, kind, parts, problem, takesMask, text } from "./form.js";

const missing = JSON.parse(text.missing);

/** Whether only the built-in engine can make this kind of video, so that what it found is what will be. */
function isKnown() {
  const choice = form.elements[`engine-${kind()}`];
  return text.known.split(" ").includes(kind()) || choice?.value === "local";
}

/** What is wrong with the files that are there, in the order of the page. */
export function findings(slots) {
  const found = [];
  const [picture] = parts[kind()];
  const slot = slots[picture];
  const choose = slot.root.querySelector("[data-choose]");
  const { wrong: face } = slot.faces;
  // Of a video only the first picture was looked at, and who speaks may come later.
  if (face) found.push({ sentence: face.sentence, sure: face.sure && picture === "image" && isKnown(), at: choose });
  else if (picture === "image" && !slot.unseen.hidden) found.push({ sentence: text.textUnseen, sure: false, at: choose });
  else if (slots.image.missed && picture === "image" && takesMask()) {
    const { maskField } = slot;
    const at = maskField.isDrawn ? slot.root.querySelector("[data-brush-open]") : maskField.control;
    found.push({ sentence: slots.image.missed, sure: isKnown(), at });
  }
  for (const name of parts[kind()]) {
    if (!slots[name].sound?.silent) continue;
    problem(name, text.textSilent);
    found.push({ sentence: text.textSilent, sure: true, at: slots[name].root.querySelector("[data-choose]") });
  }
  return found;
}

/** Say what is missing; the name of the first place that is empty. */
export function lacks(slots) {
  const found = [
    ...parts[kind()].map((name) => [name, slots[name].filled ? "" : missing[name]]),
    ["consent", consent.checked ? "" : text.textConsent],
  ];
  for (const [name, sentence] of found) problem(name, sentence);
  return found.find(([, sentence]) => sentence)?.[0];
}
