// The field of the mask: a file that a person chose, the mask of a former video, or what was drawn over the picture.
// What was drawn goes along in a field of its own, which nobody sees: what a person sees of it is the picture.

export class MaskField {
  /** `root` is the field; `changed` hears of a file that was chosen or taken away by hand. */
  constructor(root, changed = () => {}) {
    this.root = root;
    this.changed = changed;
    this.input = root.querySelector("#mask_image");
    this.drawn = root.querySelector("#drawn_mask");
    this.standIn = root.querySelector("[data-stand-in]");
    this.kept = !this.standIn.disabled;
    this.row = root.querySelector("[data-mask-set]");
    this.words = root.querySelector("[data-mask-words]");
    this.place = root.querySelector(".drop");
    this.takes = true;
    this.how = "";
    this.input.addEventListener("change", () => this.chosen());
    root.querySelector("[data-mask-remove]").addEventListener("click", () => this.remove());
    this.place.addEventListener("dragover", () => this.place.classList.add("is-over"));
    this.place.addEventListener("dragleave", (event) => {
      if (!this.place.contains(event.relatedTarget)) this.place.classList.remove("is-over");
    });
    this.place.addEventListener("drop", (event) => {
      event.preventDefault();
      event.stopPropagation();
      this.place.classList.remove("is-over");
      if (event.dataTransfer.files.length) this.give(this.input, event.dataTransfer.files[0]);
      this.chosen();
    });
    this.show();
  }

  /** What is sent as the mask, as far as it is here; null for none, or for that of a former video. */
  get file() {
    return this.drawn.files[0] ?? this.input.files[0] ?? null;
  }

  get isDrawn() {
    return Boolean(this.drawn.files.length);
  }

  /** Where the keyboard goes to change it. */
  get control() {
    return this.place.hidden ? this.root.querySelector("[data-mask-remove]") : this.input;
  }

  /** Whether the chosen kind of video takes a mask: else none is sent. */
  use(takes) {
    this.takes = takes;
    this.show();
  }

  /** Send what was drawn, by tapping a face or by painting (`how`), in place of any other file. */
  draw(file, how) {
    this.input.value = "";
    this.how = how;
    this.give(this.drawn, file);
    this.show();
  }

  /** Nothing is drawn any more. */
  erase() {
    this.drawn.value = "";
    this.show();
  }

  give(input, file) {
    const transfer = new DataTransfer();
    transfer.items.add(file);
    input.files = transfer.files;
  }

  chosen() {
    if (this.input.files.length) this.drawn.value = "";
    this.show();
    this.changed();
  }

  remove() {
    if (this.input.files.length) this.input.value = "";
    else this.kept = false;
    this.chosen();
    this.input.focus();
  }

  show() {
    const text = this.root.dataset;
    const own = this.input.files[0];
    this.input.disabled = !this.takes;
    this.drawn.disabled = !this.takes || !this.isDrawn;
    this.standIn.disabled = !this.takes || !this.kept;
    const isKept = this.kept && !own && !this.isDrawn;
    this.words.textContent = this.isDrawn ? text[this.how] : own ? own.name : isKept ? text.kept : "";
    this.row.hidden = !this.words.textContent;
    this.row.querySelector("[data-mask-remove]").hidden = this.isDrawn; // that is done in the picture
    this.place.hidden = Boolean(own) || isKept;
  }
}
