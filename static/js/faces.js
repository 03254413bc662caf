// The faces in a picture: looked for as soon as it is there, outlined, and chosen by a tap where there are several.
import { sizeOf } from "./overlay.js";
import { fill } from "./sentence.js";

const COPY_SIDE = 1280; // the faces are looked for in a copy no larger
const COPY_QUALITY = 0.9;
const CORNER = 0.26; // of a side of the box that a bracket takes
const SURE = ["none", "alone"]; // whatever size the video has
const SVG = "http://www.w3.org/2000/svg";

export class Faces {
  /** `root` is the slot of the picture, `shown` its picture or video, `token` the form's; without `changed`, which hears of
   *  a choice, nothing is ever to be chosen. */
  constructor(root, shown, token, changed = null) {
    this.marks = root.querySelector("[data-faces]");
    this.said = root.querySelector("[data-found]");
    this.text = this.said.dataset;
    this.shown = shown;
    this.token = token;
    this.changed = changed;
    this.speakers = 1;
    this.free = false;
    this.resolution = this.best = 0;
    this.wrong = null; // what is wrong with the faces: {sentence, sure}
    this.forget();
  }

  /** Nothing is known of any picture. */
  forget() {
    this.asked?.abort();
    this.asked = null;
    this.found = null;
    this.chosen = [];
    this.draw();
  }

  /** Look for the faces in what is shown. */
  async look() {
    this.forget();
    const size = sizeOf(this.shown);
    const asked = (this.asked = new AbortController());
    this.say("looking");
    try {
      const form = new FormData();
      form.set("picture", await copyOf(this.shown, size), "copy.jpg");
      form.set("width", size.width);
      form.set("height", size.height);
      const headers = { "X-CSRFToken": this.token };
      const answer = await fetch(this.text.url, { method: "POST", body: form, headers, signal: asked.signal });
      const { faces, problem } = await answer.json();
      if (this.asked !== asked) return;
      if (faces) this.take(faces);
      else this.tell(problem);
    } catch {
      // Nobody is reached, or the picture may not be read: the faces are looked for when the video is made.
      if (this.asked === asked) this.say("");
    }
  }

  take(found) {
    this.found = found;
    this.chosen = found.slice(0, this.speakers);
    this.draw();
    this.changed?.();
  }

  /** So many of the faces speak, in a video of this resolution; `best` is the highest there is, and `free` says whether
   *  others than the largest can be chosen. */
  expect(speakers, resolution, best, free = false) {
    const other = speakers !== this.speakers || free !== this.free;
    [this.speakers, this.resolution, this.best, this.free] = [speakers, resolution, best, free];
    if (!this.found) return;
    if (other) this.chosen = this.found.slice(0, speakers);
    this.draw();
    if (other) this.changed?.();
  }

  /** Whether others speak than would by themselves, which are the largest. */
  get picked() {
    return Boolean(this.found) && this.chosen.some((face) => this.found.indexOf(face) >= this.speakers);
  }

  /** Let this one speak; of two the one that was chosen longest ago gives way. */
  pick(face) {
    if (this.chosen.includes(face)) return;
    this.chosen = [...this.chosen.slice(1), face];
    this.draw();
    this.changed?.();
  }

  /** For each face its place among those that speak, from left to right; -1 for a bystander. */
  place(face) {
    return [...this.chosen].sort((one, other) => middle(one) - middle(other)).indexOf(face);
  }

  draw() {
    const focused = [...this.marks.children].indexOf(document.activeElement);
    this.marks.replaceChildren();
    if (!this.found) return this.say("");
    const choice = this.free && this.found.length > this.speakers;
    const row = [...this.found].sort((one, other) => middle(one) - middle(other));
    for (const [index, face] of row.entries()) this.marks.append(this.mark(face, index, choice));
    if (choice && focused >= 0) this.marks.children[focused]?.focus();
    this.conclude();
  }

  mark(face, index, choice) {
    const mark = document.createElement(choice ? "button" : "span");
    const [x0, y0, x1, y1] = face.box;
    const place = this.place(face);
    mark.className = "mark-face";
    mark.classList.toggle("is-chosen", place >= 0);
    mark.style.left = percent(x0);
    mark.style.top = percent(y0);
    mark.style.width = percent(x1 - x0);
    mark.style.height = percent(y1 - y0);
    mark.append(brackets());
    const tag = place < 0 ? "" : this.speakers > 1 ? [this.text.left, this.text.right][place] : choice ? this.text.speaks : "";
    if (tag) {
      const label = document.createElement("span");
      label.className = "mark-face__tag";
      label.textContent = tag;
      mark.append(label);
    }
    if (choice) {
      mark.type = "button";
      mark.setAttribute("aria-pressed", String(place >= 0));
      mark.setAttribute("aria-label", fill(this.text.one, { number: index + 1, count: this.found.length }) + (tag ? `: ${tag}` : ""));
      mark.addEventListener("click", () => this.pick(face));
    }
    return mark;
  }

  /** One sentence on what was found: what is wrong first. */
  conclude() {
    const count = this.found.length;
    if (!count) return this.say("none", true);
    if (count < this.speakers) return this.say("alone", true);
    const small = (resolution) => this.chosen.some((face) => face.too_small.includes(resolution));
    if (small(this.resolution)) return this.say(small(this.best) ? "small" : "smallHere", true);
    if (count > this.speakers && !this.free) return this.say("given");
    if (count > this.speakers) return this.say(this.speakers > 1 ? "chooseTwo" : "choose");
    this.say(this.speakers > 1 ? "both" : "alright");
  }

  say(name, wrong = false) {
    const values = { count: this.found?.length, resolution: this.resolution, best: this.best };
    this.tell(name ? fill(this.text[name], values) : "", wrong);
    if (wrong) this.wrong = { sentence: this.said.textContent.trim(), sure: SURE.includes(name) };
    this.said.classList.toggle("is-looking", name === "looking");
  }

  tell(sentence, wrong = false) {
    this.wrong = null;
    this.said.hidden = !sentence;
    this.said.classList.toggle("is-wrong", wrong);
    this.said.querySelector("[data-words]").textContent = sentence;
  }
}

const middle = (face) => face.box[0] + face.box[2];
const percent = (share) => `${100 * share}%`;

/** A JPEG of what is shown, upright, no larger than faces are looked for in. */
async function copyOf(shown, { width, height }) {
  const scale = Math.min(1, COPY_SIDE / Math.max(width, height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  const pen = canvas.getContext("2d");
  pen.fillStyle = "white"; // as the engine sees what is transparent
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(shown, 0, 0, canvas.width, canvas.height);
  return new Promise((done, failed) => {
    canvas.toBlob((blob) => (blob ? done(blob) : failed(new Error("no copy"))), "image/jpeg", COPY_QUALITY);
  });
}

/** Four corners in a box of 100 × 100, which is stretched. */
function brackets() {
  const [a, b] = [100 * CORNER, 100 - 100 * CORNER];
  const path = `M0 ${a}V0H${a}M${b} 0H100V${a}M100 ${b}V100H${b}M${a} 100H0V${b}`;
  const drawing = document.createElementNS(SVG, "svg");
  drawing.setAttribute("viewBox", "0 0 100 100");
  drawing.setAttribute("preserveAspectRatio", "none");
  drawing.setAttribute("aria-hidden", "true");
  for (const name of ["face face--shade", "face"]) {
    const line = drawing.appendChild(document.createElementNS(SVG, "path"));
    line.setAttribute("class", name);
    line.setAttribute("d", path);
  }
  return drawing;
}
