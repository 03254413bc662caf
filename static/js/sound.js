// A recording under our own key: play, wave, time. Without this file the browser's own controls are there.
import { clock } from "./time.js";
import { draw, fit, peaks } from "./wave.js";

export class Sound {
  /** `root` holds an audio element, a play button, a wave and a place for the time; `changed` hears of a new length. */
  constructor(root, changed = () => {}) {
    this.root = root;
    this.changed = changed;
    this.audio = root.querySelector("audio");
    this.wave = root.querySelector("svg.wave");
    this.time = root.querySelector("[data-time]");
    this.seconds = null;
    this.values = [];
    this.audio.controls = false;
    const play = root.querySelector("[data-play]");
    const labels = { play: play.getAttribute("aria-label"), pause: play.dataset.pauseLabel };
    play.addEventListener("click", () => (this.audio.paused ? this.audio.play().catch(() => {}) : this.audio.pause()));
    for (const event of ["play", "pause", "ended"]) {
      this.audio.addEventListener(event, () => {
        root.classList.toggle("is-playing", !this.audio.paused);
        play.setAttribute("aria-label", this.audio.paused ? labels.play : labels.pause);
      });
    }
    for (const event of ["timeupdate", "ended"]) this.audio.addEventListener(event, () => this.redraw());
    this.audio.addEventListener("durationchange", () => this.measure());
    this.wave.addEventListener("click", (event) => {
      const box = this.wave.getBoundingClientRect();
      if (this.seconds) this.audio.currentTime = ((event.clientX - box.left) / box.width) * this.seconds;
    });
  }

  /** Take the recording at `url`; `source` (the same address, or the file) is what its wave is drawn from. */
  load(url, source) {
    this.seconds = null;
    this.values = [];
    if (this.audio.getAttribute("src") !== url) this.audio.src = url;
    this.measure();
    peaks(source, fit(this.wave)).then((found) => this.audio.getAttribute("src") === url && this.heard(found));
  }

  /** How loud it is all along, once that is known. */
  heard(values) {
    this.values = values;
    this.redraw();
  }

  unload() {
    this.audio.pause();
    this.audio.removeAttribute("src");
    this.audio.load();
    this.seconds = null;
    this.values = [];
    this.redraw();
    this.changed();
  }

  measure() {
    const length = this.audio.duration;
    this.seconds = Number.isFinite(length) && length > 0 ? length : null;
    this.redraw();
    this.changed();
  }

  redraw() {
    const at = this.audio.currentTime;
    draw(this.wave, this.values, this.seconds && at ? at / this.seconds : null);
    this.time.textContent = this.seconds ? clock(at || this.seconds) : "";
  }
}
