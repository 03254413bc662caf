// The studio's form: what is chosen in it, what the page knows for it, and a refusal beside its field or its button.
import { Findings } from "./findings.js";
import { Progress } from "./progress.js";

export const form = document.getElementById("studio");
export const text = form.dataset;
export const rates = JSON.parse(text.rates);
export const parts = JSON.parse(text.parts);
export const consent = document.getElementById("consent");
export const generate = document.getElementById("generate");
export const progress = new Progress(generate);
export const unsent = document.getElementById("unsent");
export const stopped = new Findings(document.getElementById("stopped"));

const masked = text.masked.split(" "); // the kinds of which an engine takes a mask

export const kind = () => form.elements.model.value;
export const resolution = () => form.elements.resolution.value;
export const takesMask = () => masked.includes(kind());

export function problem(name, sentence) {
  const place = document.getElementById(`problem-${name}`);
  place.querySelector("span").textContent = sentence;
  place.hidden = !sentence;
}
