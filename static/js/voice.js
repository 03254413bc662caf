// The place of a voice: chosen or recorded, and of it the part that is taken.
import { problem, text } from "./form.js";
import { Recorder } from "./record.js";
import { Slot } from "./slot.js";
import { Trim } from "./trim.js";
import { cutOut } from "./wav.js";

export class Voice extends Slot {
  /** `measured` hears of another length of what is taken. */
  constructor(name, measured) {
    super(name);
    this.measured = measured;
    this.whole = null; // what was in the form, while a part of it is there
    this.piece = null; // the part that was cut out last, and from where: the same one is not sent twice
    this.filename = this.root.querySelector("[data-name]");
    this.sound = new Trim(this.root, text.nonce, () => this.selected());
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
    this.measured();
  }

  restore() {
    if (this.whole) this.hold(this.whole);
    this.whole = null;
  }
}
