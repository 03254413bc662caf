// A voice from the microphone: record, see how loud it is, stop. What comes out is a WAV file, whose length every
// program knows, and not the browser's own format, which does not say it.
import { clock } from "./time.js";
import { wavFile } from "./wav.js";

const RATE_HZ = 24000;
const MOST_SECONDS = 600;
const METER_GAIN = 4;

export class Recorder {
  /** `root` holds the buttons, `name` is what the file is called, `done` gets it. */
  constructor(root, name, done) {
    if (!navigator.mediaDevices?.getUserMedia || !window.MediaRecorder) return;
    this.name = name;
    this.done = done;
    this.start = root.querySelector("[data-record-start]");
    this.on = root.querySelector("[data-record-on]");
    this.time = root.querySelector("[data-record-time]");
    this.level = root.querySelector("[data-record-level]");
    this.problem = root.querySelector("[data-record-problem]");
    this.stop = root.querySelector("[data-record-stop]");
    this.start.addEventListener("click", () => this.begin());
    this.stop.addEventListener("click", () => this.recorder?.stop());
    root.hidden = false;
  }

  async begin() {
    this.problem.hidden = true;
    try {
      this.stream = await navigator.mediaDevices.getUserMedia({ audio: { echoCancellation: false } });
    } catch {
      this.problem.hidden = false;
      return;
    }
    const parts = [];
    this.recorder = new MediaRecorder(this.stream);
    this.recorder.addEventListener("dataavailable", (event) => parts.push(event.data));
    this.recorder.addEventListener("stop", () => this.end(new Blob(parts, { type: this.recorder.mimeType })));
    this.recorder.start();
    this.began = performance.now();
    this.context = new AudioContext();
    this.meter = this.context.createAnalyser();
    this.context.createMediaStreamSource(this.stream).connect(this.meter);
    this.start.hidden = true;
    this.on.hidden = false;
    this.stop.focus();
    this.watch();
  }

  /** While it records: the time and how loud it is, once a picture. */
  watch() {
    if (this.recorder?.state !== "recording") return;
    const seconds = (performance.now() - this.began) / 1000;
    if (seconds >= MOST_SECONDS) return this.recorder.stop();
    this.time.textContent = clock(seconds);
    const samples = new Float32Array(this.meter.fftSize);
    this.meter.getFloatTimeDomainData(samples);
    this.level.value = Math.min(1, METER_GAIN * Math.hypot(...samples) / Math.sqrt(samples.length));
    requestAnimationFrame(() => this.watch());
  }

  async end(recorded) {
    for (const track of this.stream.getTracks()) track.stop();
    await this.context.close();
    this.recorder = null;
    this.on.hidden = true;
    this.start.hidden = false;
    try {
      this.done(await wav(recorded, `${this.name}.wav`));
    } catch {
      this.problem.hidden = false;
    }
  }
}

/** What was recorded as mono 16-bit WAV. */
async function wav(recorded, name) {
  const context = new OfflineAudioContext(1, 1, RATE_HZ);
  const sound = await context.decodeAudioData(await recorded.arrayBuffer());
  return wavFile([sound.getChannelData(0)], RATE_HZ, name);
}
