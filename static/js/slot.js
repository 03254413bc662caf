// A place for a file: empty, filled by a file, or filled by the sample.
import { consent, form, problem, stopped, text } from "./form.js";
import { isText } from "./sniff.js";

const wrong = JSON.parse(text.wrong);
// For a place of each kind of files: what those are that are not such ones, as the system tells by their names.
const OTHER = {
  image: ["audio", "video", "text", "application"],
  video: ["image", "text", "application"],
  audio: ["image", "text", "application"],
};

export class Slot {
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
