// The studio: drop, pick or paste; see and hear what was chosen; know the price before pressing.

import { clock, draw, playButton } from "./wave.js";

const form = document.getElementById("studio");
const texts = form.dataset;
const rates = JSON.parse(texts.rates);
const slots = Object.fromEntries([...form.querySelectorAll("[data-slot]")].map((slot) => [slot.dataset.slot, slot]));
let voiceSeconds = 0;

// --- What is chosen ------------------------------------------------------------------

function complain(field, sentence) {
  const problem = document.getElementById(`problem-${field}`);
  problem.querySelector("span").textContent = sentence;
  problem.hidden = !sentence;
}

function useSample(field, on) {
  slots[field].querySelector("[data-sample]").disabled = !on;
}

/** Show a file or an address as the choice of a field. */
function fill(field, source, name) {
  const slot = slots[field];
  const url = source instanceof File ? URL.createObjectURL(source) : source;
  slot.classList.add("is-filled");
  complain(field, "");
  if (field === "image") {
    const image = slot.querySelector("[data-preview]");
    image.src = url;
    image.hidden = false;
    slot.querySelector("[data-unseen]").hidden = true;
    // A picture that the browser can not show may still be one: the server decides.
    image.onerror = () => {
      image.hidden = true;
      slot.querySelector("[data-unseen]").hidden = false;
      slot.querySelector("[data-unseen] [data-name]").textContent = name;
    };
  } else {
    slot.querySelector("[data-name]").textContent = name;
    slot.querySelector("audio").src = url;
    draw(slot.querySelector(".wave"), source);
  }
}

function empty(field) {
  const slot = slots[field];
  slot.classList.remove("is-filled");
  slot.querySelector("input[type=file]").value = "";
  useSample(field, false);
  if (field === "audio") {
    slot.querySelector("audio").removeAttribute("src");
    voiceSeconds = 0;
    showPrice();
  } else slot.querySelector("[data-preview]").removeAttribute("src");
}

function take(field, file) {
  const wanted = field === "image" ? "image/" : "audio/";
  if (file.type && !file.type.startsWith(wanted)) {
    complain(field, field === "image" ? texts.textNotPicture : texts.textNotSound);
    return false;
  }
  if (file.size > Number(texts.maxBytes)) { complain(field, texts.textTooLarge); return false; }
  useSample(field, false);
  fill(field, file, file.name);
  return true;
}

/** Put a dropped or pasted file into the field's own input, so that the form sends it. */
function put(file) {
  const field = file.type.startsWith("audio/") || file.type.startsWith("video/") ? "audio" : "image";
  if (!take(field, file)) return;
  const transfer = new DataTransfer();
  transfer.items.add(file);
  slots[field].querySelector("input[type=file]").files = transfer.files;
}

for (const [field, slot] of Object.entries(slots)) {
  const input = slot.querySelector("input[type=file]");
  input.addEventListener("change", () => {
    if (input.files[0] && !take(field, input.files[0])) input.value = "";
  });
  slot.querySelector("[data-choose]").addEventListener("click", () => input.click());
  slot.querySelector("[data-remove]").addEventListener("click", () => { empty(field); input.focus(); });
  const drop = slot.querySelector(".drop");
  slot.addEventListener("dragover", (event) => { event.preventDefault(); drop.classList.add("is-over"); });
  slot.addEventListener("dragleave", () => drop.classList.remove("is-over"));
}

window.addEventListener("dragover", (event) => event.preventDefault());
window.addEventListener("drop", (event) => {
  event.preventDefault();
  document.querySelectorAll(".drop.is-over").forEach((drop) => drop.classList.remove("is-over"));
  [...event.dataTransfer.files].slice(0, 2).forEach(put);
});
document.addEventListener("paste", (event) => {
  const file = [...event.clipboardData.files][0];
  if (file) { event.preventDefault(); put(file); }
});

document.getElementById("use-sample")?.addEventListener("click", (event) => {
  event.preventDefault();
  const { image, audio } = event.currentTarget.dataset;
  for (const [field, url] of [["image", image], ["audio", audio]]) {
    slots[field].querySelector("input[type=file]").value = "";
    useSample(field, true);
    fill(field, url, url.split("/").pop());
  }
  document.getElementById("consent").checked = true; // the sample is ours and free to use
  complain("consent", "");
  document.getElementById("generate").focus();
});

// --- The voice -------------------------------------------------------------------------

const audio = slots.audio.querySelector("audio");
const wave = slots.audio.querySelector(".wave");
const time = slots.audio.querySelector("[data-time]");
audio.controls = false;
playButton(slots.audio.querySelector("[data-play]"), audio);
audio.addEventListener("timeupdate", () => {
  wave.showPlayed?.(audio.duration ? audio.currentTime / audio.duration : 0);
  time.textContent = clock(audio.paused && !audio.currentTime ? audio.duration : audio.currentTime);
});
function heard() {
  voiceSeconds = Number.isFinite(audio.duration) ? audio.duration : 0;
  time.textContent = voiceSeconds ? clock(voiceSeconds) : "";
  showPrice();
}
audio.addEventListener("loadedmetadata", heard);
audio.addEventListener("durationchange", heard);
audio.addEventListener("error", () => { voiceSeconds = 0; time.textContent = ""; showPrice(); });

// --- The price -------------------------------------------------------------------------

const parts = (name) => form.querySelectorAll(`[data-price="${name}"]`);
const say = (name, text) => parts(name).forEach((part) => { part.textContent = text; });
const fillIn = (template, values) => template.replace(/\{(\w+)\}/g, (_, key) => values[key]);
const price = (resolution) => Math.max(Math.ceil(voiceSeconds - 1e-6), Number(texts.least)) * rates[resolution];

function showPrice() {
  const resolution = form.elements.resolution.value;
  const available = Number(texts.available);
  const number = new Intl.NumberFormat(document.documentElement.lang);
  const reckoning = parts("reckoning")[0].dataset;
  const after = parts("after")[0].dataset;
  const short = document.getElementById("short");
  if (!voiceSeconds) {
    say("reckoning", fillIn(reckoning.unknown, { rate: rates[resolution], least: texts.least }));
    say("amount", "");
    say("after", after.unknown);
    say("rest", number.format(available));
    say("total", "–");
    short.hidden = true;
    return;
  }
  const credits = price(resolution);
  const missing = credits - available;
  say("reckoning", fillIn(reckoning.known, { seconds: credits / rates[resolution], rate: rates[resolution] }));
  say("amount", number.format(credits));
  say("after", missing > 0 ? after.short : after.known);
  say("rest", number.format(Math.abs(missing)));
  parts("total").forEach((part) => { part.textContent = fillIn(part.dataset.known, { credits: number.format(credits) }); });
  short.hidden = missing <= 0;
  if (missing > 0) {
    const cheaper = resolution !== "480" && price("480") <= available;
    short.querySelector("span").textContent = `${fillIn(short.dataset.short, { missing: number.format(missing) })} ${cheaper ? short.dataset.cheaper : short.dataset.shorter}`;
    short.querySelector("[data-cheapest]").hidden = !cheaper;
  }
}
form.addEventListener("change", (event) => { if (event.target.name === "resolution") showPrice(); });
form.querySelector("[data-cheapest]").addEventListener("click", () => { form.elements.resolution.value = "480"; showPrice(); });

// --- Sending ---------------------------------------------------------------------------

const key = document.getElementById("generate");
const bar = document.getElementById("upload");
const unsent = document.getElementById("unsent");
const words = key.textContent;

form.addEventListener("htmx:confirm", (event) => {
  if (event.target !== form) return;
  const chosen = (field) => slots[field].classList.contains("is-filled");
  complain("image", chosen("image") ? "" : texts.textMissingImage);
  complain("audio", chosen("audio") ? "" : texts.textMissingAudio);
  const agreed = document.getElementById("consent").checked;
  complain("consent", agreed ? "" : texts.textConsent);
  if (!chosen("image") || !chosen("audio") || !agreed) event.preventDefault();
});
form.addEventListener("htmx:beforeRequest", () => { unsent.hidden = true; });
form.addEventListener("htmx:xhr:progress", (event) => {
  if (!event.detail.lengthComputable) return;
  const percent = Math.floor((100 * event.detail.loaded) / event.detail.total);
  bar.hidden = false;
  bar.value = percent;
  key.textContent = percent < 100 ? fillIn(key.dataset.uploading, { percent }) : key.dataset.checking;
});
function settled() {
  bar.hidden = true;
  key.textContent = words;
}
form.addEventListener("htmx:afterRequest", settled);
for (const event of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) {
  form.addEventListener(event, () => { settled(); unsent.hidden = false; });
}

for (const field of Object.keys(slots)) {
  if (!slots[field].classList.contains("is-filled")) continue;
  if (field === "audio") { draw(wave, audio.src); heard(); }
}
showPrice();
