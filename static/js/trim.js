// A recording of which only a part is taken: handles at the wave, fields for the keyboard, and a key that plays the part.
import { Sound } from "./sound.js";
import { clock } from "./time.js";

const LEAST_SECONDS = 0.5;
const STEP_SECONDS = 0.1;
const HEIGHT_PX = 48;
const SILENT = 1e-4; // of full scale: −80 dB, where no engine hears a voice

export class Trim extends Sound {
  /** `nonce` is what the page allows style sheets of scripts by. */
  constructor(root, nonce, changed) {
    super(root, changed);
    this.nonce = nonce;
    this.place = this.wave.parentElement.appendChild(document.createElement("div"));
    this.place.className = "trim-wave";
    this.place.hidden = true;
    this.fields = root.querySelector("[data-trim]");
    this.note = root.querySelector("[data-trim-note]");
    this.from = root.querySelector("[data-trim-from]");
    this.to = root.querySelector("[data-trim-to]");
    this.begin = this.end = 0;
    this.wanted = null;
    for (const field of [this.from, this.to]) {
      field.addEventListener("change", () => this.typed(Number(this.from.value), Number(this.to.value)));
    }
    this.audio.addEventListener("play", () => this.follow());
    const restyle = () => this.surfer?.setOptions(this.colours());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", restyle);
    new MutationObserver(restyle).observe(document.documentElement, { attributeFilter: ["data-theme"] });
  }

  /** How long the chosen part is; null while the recording's length is not known. */
  get length() {
    return this.seconds === null ? null : this.end - this.begin;
  }

  /** Whether nothing is to be heard in the chosen part; false as long as that is not known. */
  get silent() {
    const { most } = this.values;
    if (!most || !this.seconds) return false;
    const [first, last] = [this.begin, this.end].map((second) => (second / this.seconds) * most.length);
    return most.slice(Math.floor(first), Math.ceil(last)).every((value) => value < SILENT);
  }

  get isCut() {
    return this.seconds !== null && (this.begin > 0 || this.end < this.seconds);
  }

  /** What is taken, [begin, end] in seconds; null for all of it. `wanted` is that of the recording that is loaded next. */
  get part() {
    return this.isCut ? [this.begin, this.end] : null;
  }

  load(url, source) {
    this.discard();
    super.load(url, source);
  }

  unload() {
    this.wanted = null;
    this.discard();
    super.unload();
  }

  discard() {
    this.surfer?.destroy();
    this.surfer = this.region = null;
    this.place.hidden = this.fields.hidden = this.note.hidden = true;
    this.wave.removeAttribute("hidden");
    this.begin = this.end = 0;
  }

  measure() {
    const before = this.seconds;
    const length = this.audio.duration;
    this.seconds = Number.isFinite(length) && length > 0 ? length : null;
    if (this.seconds !== before) {
      [this.begin, this.end] = this.wanted ?? [0, this.seconds ?? 0];
      if (this.seconds) this.wanted = null;
    }
    this.redraw();
    this.changed();
    this.build();
  }

  heard(values) {
    super.heard(values);
    this.changed();
    this.build();
  }

  /** Put handles to the wave, as soon as the length and the loudness are known. */
  async build() {
    const { src } = this.audio;
    if (!this.values.length || !this.seconds || this.seconds <= LEAST_SECONDS) return;
    const [{ default: WaveSurfer }, { default: Regions }] = await Promise.all([
      import("../vendor/wavesurfer.esm.js"),
      import("../vendor/wavesurfer-regions.esm.js"),
    ]);
    if (this.audio.src !== src || this.surfer) return;
    this.wave.setAttribute("hidden", "");
    this.place.hidden = this.fields.hidden = false;
    const regions = Regions.create();
    this.surfer = WaveSurfer.create({
      container: this.place,
      media: this.audio,
      url: src,
      peaks: [this.values],
      duration: this.seconds,
      height: HEIGHT_PX,
      cspNonce: this.nonce,
      hideScrollbar: true,
      plugins: [regions],
      renderFunction: lips,
      ...this.colours(),
    });
    this.surfer.on("ready", () => {
      if (this.region) return;
      const part = { start: this.begin, end: this.end, drag: false, minLength: LEAST_SECONDS, color: "transparent" };
      this.region = regions.addRegion(part);
      this.region.on("update", () => {
        this.note.hidden = true;
        this.take(this.region.start, this.region.end);
      });
      this.fill();
    });
  }

  colours() {
    const style = getComputedStyle(this.place);
    return { waveColor: style.color, progressColor: style.outlineColor, cursorColor: style.color };
  }

  /** Take the part between these; what is not one is set right, and that is said. */
  typed(begin, end) {
    this.select(begin, end);
    const inverted = (end || this.seconds) - begin < LEAST_SECONDS;
    this.note.hidden = !inverted;
    if (!inverted) return;
    const values = { least: said(LEAST_SECONDS), from: said(this.begin), to: said(this.end) };
    this.note.textContent = this.note.dataset.text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  }

  /** Take this part, as far as there is one. */
  select(begin, end) {
    const last = this.seconds;
    const from = Math.min(Math.max(0, begin || 0), last - LEAST_SECONDS);
    const to = Math.max(Math.min(last, end || last), from + LEAST_SECONDS);
    this.region?.setOptions({ start: from, end: to });
    this.take(from, to);
  }

  take(begin, end) {
    // A handle at the very edge means the edge.
    [this.begin, this.end] = [begin < STEP_SECONDS / 2 ? 0 : begin, end > this.seconds - STEP_SECONDS / 2 ? this.seconds : end];
    if (this.audio.paused) this.audio.currentTime = this.begin;
    this.fill();
    this.redraw();
    this.changed();
  }

  fill() {
    this.from.max = this.to.max = this.seconds.toFixed(1);
    this.from.value = this.begin.toFixed(1);
    this.to.value = this.end.toFixed(1);
  }

  /** While it plays: only the chosen part. */
  follow() {
    const { audio } = this;
    if (audio.currentTime < this.begin || audio.currentTime >= this.end - 0.05) audio.currentTime = this.begin;
    const watch = () => {
      if (audio.paused) return;
      if (this.isCut && audio.currentTime >= this.end) {
        audio.pause();
        audio.currentTime = this.begin;
        return;
      }
      requestAnimationFrame(watch);
    };
    watch();
  }

  redraw() {
    super.redraw();
    if (this.seconds && this.isCut) this.time.textContent = clock(this.length);
  }
}

const figure = new Intl.NumberFormat(document.documentElement.lang, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const said = (seconds) => figure.format(seconds);

/** The two lips of `wave.js` on a canvas. */
function lips([values], pen) {
  const { width, height } = pen.canvas;
  const bar = width / values.length;
  const unit = height / 40;
  for (const [i, value] of Array.from(values).entries()) {
    const x = (i + 0.28) * bar;
    pen.fillRect(x, (16.4 - 13.4 * value) * unit, 0.44 * bar, (0.6 + 13.4 * value) * unit);
    pen.fillRect(x, 22 * unit, 0.44 * bar, (0.7 + 16.3 * value) * unit);
  }
}
