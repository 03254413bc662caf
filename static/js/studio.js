// The studio: three kinds of video, their places for files, the price, and the way of the files to the server.
// Without this file the form is a plain one: file fields, of which the style sheet shows those of the chosen kind.
import { takeDropped } from "./drop.js";
import { warnOfSize } from "./enlarged.js";
import { Film } from "./film.js";
import { consent, form, kind, parts, problem, rates, resolution, stopped, takesMask } from "./form.js";
import { MaskField } from "./maskfield.js";
import { remember } from "./memory.js";
import { Picture } from "./picture.js";
import { offerCheapest, reckon } from "./price.js";
import { offerSample, renewSamples } from "./sample.js";
import { watchSending } from "./sending.js";
import { offerSwap } from "./swap.js";
import { Voice } from "./voice.js";

remember(form);

// --- The places for files -------------------------------------------------------------------

const maskField = new MaskField(form.querySelector("[data-mask]"));
let slots = null; // until all are there
slots = {
  image: new Picture(maskField, sized),
  video: new Film(sized),
  audio: new Voice("audio", measured),
  left_audio: new Voice("left_audio", measured),
  right_audio: new Voice("right_audio", measured),
};

function sized() {
  if (slots) warnOfSize(slots[parts[kind()][0]]);
}

function measured() {
  if (slots) reckon(voices());
}

/** Those that the video is made of. */
function voices() {
  return parts[kind()].map((name) => slots[name]).filter((slot) => slot instanceof Voice);
}

function restore() {
  for (const slot of Object.values(slots)) slot.restore?.();
}

// --- What is chosen -------------------------------------------------------------------------

function changeKind() {
  // What another kind needs is not sent along.
  for (const [name, slot] of Object.entries(slots)) slot.input.disabled = !parts[kind()].includes(name);
  renewSamples(slots);
  maskField.use(takesMask());
  slots.image.use(takesMask() && parts[kind()].includes("image"));
  changeSetting();
}

function changeSetting() {
  const [speakers, best] = [kind() === "lipsync-image-multi" ? 2 : 1, Number(Object.keys(rates).at(-1))];
  slots.image.faces.expect(speakers, Number(resolution()), best, takesMask());
  slots.video.faces.expect(1, Number(resolution()), best);
  stopped.forget();
  sized();
  measured();
}

function choose(model) {
  form.querySelector(`input[name="model"][value="${model}"]`).checked = true;
  changeKind();
}

for (const radio of form.querySelectorAll('input[name="model"]')) radio.addEventListener("change", changeKind);
for (const radio of form.querySelectorAll('input[name="resolution"], input[name="order"]')) {
  radio.addEventListener("change", changeSetting);
}
changeKind();
offerCheapest(changeSetting);
offerSwap([slots.left_audio, slots.right_audio], restore);
takeDropped(slots, voices, choose);
offerSample(slots);
consent.addEventListener("change", () => consent.checked && problem("consent", ""));
watchSending(slots, voices, restore);
