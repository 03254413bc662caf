// The studio: three kinds of video, previews, the sample, the price, and the way of the files to the server.
// Without this file the form is a plain one: file fields, of which the style sheet shows those of the chosen kind.
import { Brush } from "./brush.js";
import { Faces } from "./faces.js";
import { Findings } from "./findings.js";
import { Mask, shares } from "./mask.js";
import { MaskField } from "./maskfield.js";
import { remember } from "./memory.js";
import { Overlay, sizeOf } from "./overlay.js";
import { Recorder } from "./record.js";
import { isText } from "./sniff.js";
import { Trim } from "./trim.js";
import { cutOut } from "./wav.js";

const form = document.getElementById("studio");
const text = form.dataset;
const rates = JSON.parse(text.rates);
const parts = JSON.parse(text.parts);
const missing = JSON.parse(text.missing);
const wrong = JSON.parse(text.wrong);
const masked = text.masked.split(" "); // the kinds of which an engine takes a mask
remember(form);
const kind = () => form.elements.model.value;
const available = Number(text.available);
const generate = document.getElementById("generate");
const stopped = new Findings(document.getElementById("stopped"));
const BESIDE = 0.3; // of a mouth's surroundings that are white: with less nobody takes it for one that is to speak
const consent = document.getElementById("consent");
const fill = (pattern, values) => pattern.replace(/\{(\w+)\}/g, (_, name) => values[name]);
const figure = new Intl.NumberFormat(document.documentElement.lang);

// --- A refusal beside its field -------------------------------------------------------------

function problem(name, sentence) {
  const place = document.getElementById(`problem-${name}`);
  place.querySelector("span").textContent = sentence;
  place.hidden = !sentence;
}

// For a place of each kind of files: what those are that are not such ones, as the system tells by their names.
const OTHER = {
  image: ["audio", "video", "text", "application"],
  video: ["image", "text", "application"],
  audio: ["image", "text", "application"],
};

// --- A place for a file: empty, filled by a file, or filled by the sample ----------------------

class Slot {
  constructor(name) {
    this.name = name;
    this.root = form.querySelector(`[data-slot="${name}"]`);
    this.input = this.root.querySelector('input[type="file"]');
    this.standIn = this.root.querySelector("[data-stand-in]");
    this.drop = this.root.querySelector(".drop");
    this.url = "";
    this.input.addEventListener("change", () => this.input.files.length && this.take());
    this.root.querySelector("[data-choose]").addEventListener("click", () => this.input.click());
    this.root.querySelector("[data-remove]").addEventListener("click", () => this.clear());
    this.root.addEventListener("dragover", (event) => {
      event.preventDefault();
      this.drop.classList.add("is-over");
    });
    this.root.addEventListener("dragleave", (event) => {
      if (!this.root.contains(event.relatedTarget)) this.drop.classList.remove("is-over");
    });
    this.root.addEventListener("drop", (event) => {
      event.preventDefault();
      event.stopPropagation();
      this.drop.classList.remove("is-over");
      this.give([...event.dataTransfer.files]);
    });
  }

  get filled() {
    return this.root.classList.contains("is-filled");
  }

  get sampled() {
    return !this.standIn.disabled && this.standIn.name === "sample";
  }

  /** Put the first of `files` into the form, as if it had been picked. */
  give(files) {
    if (!files.length) return;
    this.hold(files.slice(0, 1));
    this.take();
  }

  hold(files) {
    const transfer = new DataTransfer();
    for (const file of files) transfer.items.add(file);
    this.input.files = transfer.files;
  }

  take() {
    const file = this.input.files[0];
    if (file.size > Number(text.maxBytes)) {
      this.clear();
      problem(this.name, text.textTooLarge);
      return;
    }
    if (this.sampled) consent.checked = false; // it was the sample's
    this.standIn.disabled = true;
    this.show(this.own(file), file.name, file);
    this.examine(file);
  }

  /** What is certainly no such file is not kept: its first bytes tell, whatever it is called. */
  async examine(file) {
    const sentence = !file.size ? text.textEmpty : (await isText(file)) ? wrong[this.name] : "";
    if (sentence) this.refuse(file, sentence);
  }

  refuse(file, sentence) {
    if (this.input.files[0] !== file) return; // another one was chosen meanwhile
    this.clear();
    problem(this.name, sentence);
  }

  /** The browser can not show it: a file of another kind, unless it is of a kind that it does not know. */
  unknown() {
    const file = this.input.files[0];
    const [type] = file?.type.split("/") ?? [];
    if (file && OTHER[this.input.accept.split("/")[0]].includes(type)) this.refuse(file, wrong[this.name]);
  }

  takeSample(url) {
    this.input.value = "";
    this.standIn.name = "sample";
    this.standIn.disabled = false;
    this.show(url, url.split("/").pop(), url);
  }

  own(file) {
    URL.revokeObjectURL(this.url);
    this.url = URL.createObjectURL(file);
    return this.url;
  }

  show(url, name, source) {
    problem(this.name, "");
    problem("all", "");
    stopped.renew();
    this.root.classList.add("is-filled");
    this.preview(url, name, source);
  }

  clear() {
    this.input.value = "";
    this.standIn.disabled = true;
    this.root.classList.remove("is-filled");
    problem(this.name, "");
    this.preview("", "", null);
    this.input.focus();
  }
}

/** A picture or a video in its own screen, the faces outlined; `ready` is the event that tells that it can be seen. */
class Shown extends Slot {
  constructor(name, ready, picked = null) {
    super(name);
    this.shown = this.root.querySelector("[data-preview]");
    this.over = this.root.querySelector("[data-over]");
    this.overlay = new Overlay(this.over, this.shown);
    this.faces = new Faces(this.root, this.shown, form.elements.csrfmiddlewaretoken.value, picked && (() => picked(this)));
    this.unseen = this.root.querySelector("[data-unseen]");
    this.shown.addEventListener(ready, () => this.seen());
    // Some cameras' formats are nothing to this browser, and yet something to the server.
    this.shown.addEventListener("error", () => {
      this.unseen.hidden = !this.shown.getAttribute("src");
      if (!this.unseen.hidden) this.unknown();
    });
  }

  preview(url, name) {
    this.unseen.querySelector("[data-name]").textContent = name;
    this.unseen.hidden = this.shown.hidden = this.over.hidden = true;
    this.faces.forget();
    this.changed();
    warnOfSize();
    if (url) this.shown.src = url;
    else this.shown.removeAttribute("src");
  }

  /** The picture is there; of a video with pictures of an unknown kind there is nothing but its sound. */
  seen() {
    if (!sizeOf(this.shown)) {
      this.unseen.hidden = false;
      return;
    }
    this.shown.hidden = false;
    this.changed();
    if (slots) warnOfSize();
    this.look();
  }

  look() {
    this.over.hidden = false;
    this.overlay.lay();
    this.faces.look();
  }

  changed() {}
}

class Picture extends Shown {
  constructor() {
    super("image", "load", (slot) => slot.picked());
    this.missed = ""; // what is wrong with the mask
    this.mask = new Mask(maskField, () => {
      this.brush?.show();
      this.judge();
    });
    this.brush = new Brush(this.root, this.shown, this.mask);
    if (this.shown.complete && sizeOf(this.shown)) this.seen();
  }

  changed() {
    this.mask?.begin(sizeOf(this.shown));
    this.brush?.forget();
  }

  /** Whether a mask can be made of it: else nothing is painted. */
  use(usable) {
    this.mask.use(usable);
    if (!usable) this.brush.forget();
  }

  /** Learn whether the mask, a file or painted, leaves out the mouths of those who are to speak. */
  async judge() {
    this.missed = "";
    const { found, speakers } = this.faces;
    const { file } = maskField;
    if (!found?.length || !file) return this.tellMissed();
    const covered = await shares(file, found.map((face) => face.mouth));
    if (maskField.file !== file || this.faces.found !== found) return;
    const count = covered.filter((share) => share > BESIDE).length;
    if (!count) this.missed = text.textMisses;
    else if (count < Math.min(speakers, found.length)) this.missed = text.textMissesOne;
    this.tellMissed();
  }

  /** Of a file it is said at once; who paints may not be at the mouth yet. */
  tellMissed() {
    problem("mask_image", maskField.isDrawn ? "" : this.missed);
  }

  /** The largest faces speak by themselves; others need a mask that says so. */
  picked() {
    const { chosen, found, picked } = this.faces;
    this.mask.limit(picked ? { chosen, others: found.filter((face) => !chosen.includes(face)) } : null);
    this.judge();
  }
}

/** Where the faces are is known of the first frame: the outlines go when the video plays. */
class Film extends Shown {
  constructor() {
    super("video", "loadedmetadata");
    this.shown.preload = "auto"; // of a video on this machine, or of one that was used before
    for (const event of ["play", "seeking"]) {
      this.shown.addEventListener(event, () => {
        this.over.hidden = true;
      });
    }
    if (this.shown.readyState >= HTMLMediaElement.HAVE_METADATA) this.seen();
  }

  /** A frame that is not there yet would be copied as a black one. */
  async look() {
    const url = this.shown.src;
    if (this.shown.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) {
      await new Promise((there) => this.shown.addEventListener("loadeddata", there, { once: true }));
    }
    // Shown by now, or with the next picture of the page: no callback comes for a frame that was shown already.
    const next = new Promise((shown) => requestAnimationFrame(() => requestAnimationFrame(shown)));
    await Promise.race([next, new Promise((shown) => this.shown.requestVideoFrameCallback(shown))]);
    if (this.shown.src === url && !this.shown.currentTime) super.look();
  }
}

class Voice extends Slot {
  constructor(name) {
    super(name);
    this.whole = null; // what was in the form, while a part of it is there
    this.piece = null; // the part that was cut out last, and from where: the same one is not sent twice
    this.filename = this.root.querySelector("[data-name]");
    this.sound = new Trim(this.root, form.dataset.nonce, () => this.selected());
    this.unheard = this.root.querySelector("[data-unheard]");
    this.sound.audio.addEventListener("error", () => {
      this.unheard.hidden = !this.sound.audio.getAttribute("src");
      if (!this.unheard.hidden) this.unknown();
    });
    this.source = this.sound.audio.getAttribute("src");
    if (this.source) this.sound.load(this.source, this.source);
    new Recorder(this.root.querySelector("[data-record]"), text.textRecording, (file) => this.give([file]));
  }

  /** With `part` only that of the recording is taken, as `sound.part` says it. */
  give(files, part = null) {
    this.sound.wanted = part;
    super.give(files);
  }

  /** How long what is taken of it is; null while that is not known. */
  get seconds() {
    return this.sound.length;
  }

  preview(url, name, source) {
    this.filename.textContent = name;
    this.unheard.hidden = true;
    this.source = source;
    this.whole = this.piece = null; // those of another recording
    if (url) this.sound.load(url, source);
    else this.sound.unload();
  }

  /** Whether a part is chosen that is not the one in the form. */
  get uncut() {
    return this.sound.isCut && !(this.whole && this.matches);
  }

  /** Whether the piece is what is chosen. */
  get matches() {
    const { begin, end } = this.sound;
    return this.piece?.begin === begin && this.piece.end === end;
  }

  /** Put only the chosen part into the form; `restore` puts back what was there. */
  async cut() {
    if (!this.matches) {
      const { source } = this;
      const { begin, end } = this.sound;
      const file = await cutOut(source, begin, end, this.filename.textContent);
      if (this.source !== source) return; // another recording was chosen meanwhile
      this.piece = { begin, end, file };
    }
    if (!this.sound.isCut || !this.matches) return;
    this.whole ??= [...this.input.files];
    this.hold([this.piece.file]);
  }

  /** Another part is chosen: the one in the form is no longer what the page shows. */
  selected() {
    if (this.whole && !this.matches) this.restore();
    if (this.sound.silent) problem(this.name, text.textSilent);
    else if (document.getElementById(`problem-${this.name}`).textContent.trim() === text.textSilent) problem(this.name, "");
    reckon();
  }

  restore() {
    if (this.whole) this.hold(this.whole);
    this.whole = null;
  }
}

// --- The price, as the voice's length and the resolution are known -------------------------------

const priced = Object.fromEntries(
  ["reckoning", "amount", "after", "rest"].map((name) => [name, form.querySelector(`[data-price="${name}"]`)]),
);
const totals = form.querySelectorAll('[data-price="total"]');
const short = document.getElementById("short");
const cheapest = short.querySelector("[data-cheapest]");

const rateOf = (resolution) => rates[resolution];
const chosen = () => form.elements.resolution.value;
const priceOf = (seconds, resolution) => Math.max(Math.ceil(seconds), Number(text.least)) * rateOf(resolution);

/** Of the video: of two voices the longer one's if they speak at once, else both's; null while one is not known. */
function spoken() {
  const lengths = parts[kind()].filter((name) => slots[name] instanceof Voice).map((name) => slots[name].seconds);
  if (lengths.includes(null)) return null;
  return form.elements.order.value === "meanwhile" ? Math.max(...lengths) : lengths.reduce((sum, one) => sum + one, 0);
}

function reckon() {
  if (!slots) return;
  const seconds = spoken();
  const rate = rateOf(chosen());
  const cost = seconds === null ? null : priceOf(seconds, chosen());
  const missing = cost === null ? 0 : Math.max(cost - available, 0);
  priced.reckoning.textContent =
    cost === null
      ? fill(priced.reckoning.dataset.unknown, { rate, least: text.least })
      : fill(priced.reckoning.dataset.known, { seconds: cost / rate, rate });
  priced.amount.textContent = cost === null ? "" : figure.format(cost);
  priced.after.textContent =
    cost === null ? priced.after.dataset.unknown : missing ? priced.after.dataset.short : priced.after.dataset.known;
  priced.rest.textContent = figure.format(cost === null ? available : missing || available - cost);
  for (const total of totals) total.textContent = cost === null ? "–" : fill(total.dataset.known, { credits: figure.format(cost) });
  document.getElementById("price").classList.toggle("price--short", missing > 0);
  short.hidden = !missing;
  if (!missing) return;
  const least = Object.keys(rates)[0];
  const helps = chosen() !== least && priceOf(seconds, least) <= available;
  cheapest.hidden = !helps;
  short.querySelector("span").textContent =
    `${fill(short.dataset.short, { missing: figure.format(missing) })} ${helps ? short.dataset.cheaper : short.dataset.shorter}`;
}

// --- A picture that is too small for the resolution ---------------------------------------------------

const small = JSON.parse(text.small);
const NEARLY = 0.95;

/** Say what size the video gets, if that is less than the resolution that was chosen. */
function warnOfSize() {
  const [field] = parts[kind()];
  const { shown } = slots[field];
  const size = shown.hidden ? null : sizeOf(shown);
  const place = document.getElementById("enlarged");
  place.hidden = true;
  if (!size) return;
  const resolution = Number(chosen());
  const scale = Math.min(resolution / Math.min(size.width, size.height), Number(text.mostEnlarged));
  const [width, height] = [size.width, size.height].map((side) => 2 * Math.round((side * scale) / 2));
  if (Math.min(width, height) >= NEARLY * resolution) return;
  place.hidden = false;
  place.textContent = fill(small[field], { resolution, width, height });
}

cheapest.addEventListener("click", () => {
  form.querySelector('input[name="resolution"]').checked = true;
  changeSetting();
});
for (const radio of form.querySelectorAll('input[name="resolution"], input[name="order"]')) {
  radio.addEventListener("change", changeSetting);
}

const maskField = new MaskField(form.querySelector("[data-mask]"));
let slots = null;
slots = {
  image: new Picture(),
  video: new Film(),
  audio: new Voice("audio"),
  left_audio: new Voice("left_audio"),
  right_audio: new Voice("right_audio"),
};
const sample = document.getElementById("use-sample");
const samples = JSON.parse(sample.dataset.samples);

function changeKind() {
  // What another kind needs is not sent along.
  for (const [name, slot] of Object.entries(slots)) slot.input.disabled = !parts[kind()].includes(name);
  // Each kind has samples of its own.
  for (const [name, url] of Object.entries(samples[kind()])) if (slots[name].sampled) slots[name].takeSample(url);
  const takesMask = masked.includes(kind());
  maskField.use(takesMask);
  slots.image.use(takesMask && parts[kind()].includes("image"));
  changeSetting();
}

function changeSetting() {
  const [speakers, best] = [kind() === "lipsync-image-multi" ? 2 : 1, Number(Object.keys(rates).at(-1))];
  slots.image.faces.expect(speakers, Number(chosen()), best, masked.includes(kind()));
  slots.video.faces.expect(1, Number(chosen()), best);
  stopped.forget();
  warnOfSize();
  reckon();
}
for (const radio of form.querySelectorAll('input[name="model"]')) radio.addEventListener("change", changeKind);
changeKind();

function choose(model) {
  form.querySelector(`input[name="model"][value="${model}"]`).checked = true;
  changeKind();
}

const swap = document.getElementById("swap");
swap.hidden = false;
/** The file of a place; that of a sample is fetched, because a sample belongs to its place. */
async function fileOf(slot) {
  if (!slot.sampled) return [...slot.input.files];
  const url = samples[kind()][slot.name];
  const sound = await (await fetch(url)).blob();
  return [new File([sound], url.split("/").pop(), { type: sound.type })];
}

swap.addEventListener("click", async () => {
  const agreed = consent.checked;
  const sides = [slots.left_audio, slots.right_audio];
  restoreAll();
  const held = await Promise.all(sides.map(async (slot) => ({ files: await fileOf(slot), part: slot.sound.part })));
  for (const [slot, { files, part }] of [[sides[0], held[1]], [sides[1], held[0]]]) {
    if (files.length) slot.give(files, part);
    else slot.clear();
  }
  consent.checked = agreed; // the same voices as before
  swap.focus();
});

// --- Drop anywhere, paste, the sample ---------------------------------------------------------------

/** Each file to where it is wanted: a picture or a video also chooses the kind, a voice the first place that is free. */
function sort(files) {
  for (const file of files) {
    const [type] = file.type.split("/");
    if (type === "image") {
      if (kind() === "lipsync-video") choose("lipsync-image");
      slots.image.give([file]);
    } else if (type === "video") {
      choose("lipsync-video");
      slots.video.give([file]);
    } else if (type === "audio") {
      const voices = parts[kind()].filter((name) => slots[name] instanceof Voice);
      slots[voices.find((name) => !slots[name].filled) ?? voices[0]].give([file]);
    }
  }
}

window.addEventListener("dragover", (event) => event.preventDefault());
window.addEventListener("drop", (event) => {
  event.preventDefault();
  sort([...event.dataTransfer.files]);
});
document.addEventListener("paste", (event) => {
  const files = [...(event.clipboardData?.files ?? [])];
  if (!files.length) return;
  event.preventDefault();
  sort(files);
});

sample.addEventListener("click", (event) => {
  event.preventDefault();
  for (const [name, url] of Object.entries(samples[kind()])) slots[name].takeSample(url);
  consent.checked = true; // the sample is ours to give
  problem("consent", "");
  generate.focus();
});
consent.addEventListener("change", () => consent.checked && problem("consent", ""));

// --- Sending: say at once what is missing, show the upload, keep everything if it fails ------------------

const bar = document.getElementById("upload");
const unsent = document.getElementById("unsent");
const label = generate.textContent;

/** Whether only the built-in engine can make this kind of video, so that what it found is what will be. */
function isKnown() {
  const choice = form.elements[`engine-${kind()}`];
  return text.known.split(" ").includes(kind()) || choice?.value === "local";
}

/** What is wrong with the files that are there, in the order of the page. */
function findings() {
  const found = [];
  const [picture] = parts[kind()];
  const slot = slots[picture];
  const choose = slot.root.querySelector("[data-choose]");
  const { wrong: face } = slot.faces;
  // Of a video only the first picture was looked at, and who speaks may come later.
  if (face) found.push({ sentence: face.sentence, sure: face.sure && picture === "image" && isKnown(), at: choose });
  else if (picture === "image" && !slot.unseen.hidden) found.push({ sentence: text.textUnseen, sure: false, at: choose });
  else if (slots.image.missed && picture === "image" && masked.includes(kind())) {
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

function lacks() {
  const found = [
    ...parts[kind()].map((name) => [name, slots[name].filled ? "" : missing[name]]),
    ["consent", consent.checked ? "" : text.textConsent],
  ];
  for (const [name, sentence] of found) problem(name, sentence);
  return found.find(([, sentence]) => sentence)?.[0];
}

function rest() {
  generate.textContent = label;
  generate.classList.remove("is-busy");
  bar.hidden = true;
}

async function cutOf(voice) {
  try {
    await voice.cut();
  } catch (failure) {
    problem(voice.name, text.textUncut);
    throw failure;
  }
}

function restoreAll() {
  for (const slot of Object.values(slots)) slot.restore?.();
}

// What is cut out of a recording is made when it is sent, and not at every move of a handle.
form.addEventListener("htmx:confirm", (event) => {
  if (event.target !== form) return;
  const cuts = parts[kind()].map((name) => slots[name]).filter((slot) => slot instanceof Voice && slot.uncut);
  if (!cuts.length) return;
  event.preventDefault();
  generate.disabled = true;
  const cutting = cuts.map((voice) => cutOf(voice));
  // A form that is just being submitted can not be once more: that has to end first.
  Promise.all([...cutting, new Promise((ended) => setTimeout(ended))]).then(
    () => {
      generate.disabled = false; // while it is sent htmx does this
      form.requestSubmit(); // looks again: a handle may have been moved while it was cut
    },
    () => {
      restoreAll();
      rest();
      generate.disabled = false;
    },
  );
});
form.addEventListener("htmx:beforeRequest", (event) => {
  if (event.target !== form) return;
  unsent.hidden = true;
  const first = lacks();
  if (first) {
    event.preventDefault();
    restoreAll();
    stopped.forget();
    document.getElementById(first).focus();
    return;
  }
  if (stopped.stops(findings())) {
    event.preventDefault();
    restoreAll();
    return;
  }
  generate.classList.add("is-busy");
});
form.addEventListener("htmx:xhr:progress", (event) => {
  const { loaded, total, lengthComputable } = event.detail;
  if (!lengthComputable || !total || !generate.classList.contains("is-busy")) return;
  const percent = Math.round((loaded / total) * 100);
  bar.hidden = percent >= 100;
  bar.value = percent;
  generate.textContent = percent >= 100 ? generate.dataset.checking : fill(generate.dataset.uploading, { percent });
});
form.addEventListener("htmx:afterRequest", (event) => {
  if (event.target !== form || event.detail.xhr.getResponseHeader("HX-Redirect")) return;
  rest();
  restoreAll();
  unsent.hidden = !event.detail.failed || event.detail.xhr.status === 422;
});
form.addEventListener("upload:refused", restoreAll);
// Who comes back finds the files of the video again.
form.addEventListener("htmx:beforeOnLoad", (event) => {
  const made = event.detail.xhr.getResponseHeader("Mundwerk-Job");
  if (event.target === form && made) history.replaceState(null, "", `${form.getAttribute("action")}?like=${made}`);
});
form.addEventListener("htmx:afterSettle", () => {
  const first = form.querySelector(".field__error:not([hidden])");
  first?.closest("details")?.setAttribute("open", "");
  first?.scrollIntoView({ block: "nearest" });
});
