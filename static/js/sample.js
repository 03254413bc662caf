// The sample: a picture or a video and voices of our own, for each kind of video.
import { consent, generate, kind, problem } from "./form.js";

const button = document.getElementById("use-sample");
const ofKinds = JSON.parse(button.dataset.samples);

/** The addresses of the files by the names of their places. */
export const samples = () => ofKinds[kind()];

/** Where there was the sample of another kind, that of this one. */
export function renewSamples(slots) {
  for (const [name, url] of Object.entries(samples())) if (slots[name].sampled) slots[name].takeSample(url);
}

export function offerSample(slots) {
  button.addEventListener("click", (event) => {
    event.preventDefault();
    for (const [name, url] of Object.entries(samples())) slots[name].takeSample(url);
    consent.checked = true; // the sample is ours to give
    problem("consent", "");
    generate.focus();
  });
}
