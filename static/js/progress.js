// The button that sends a form with files, and the bar beside it: how much is on its way.
import { fill } from "./sentence.js";

export class Progress {
  #bar = document.getElementById("upload");
  #button;
  #label;

  /** The sentences for what goes on are the button's own. */
  constructor(button) {
    this.#button = button;
    this.#label = button.textContent;
  }

  begin() {
    this.#button.classList.add("is-busy");
  }

  show(percent) {
    const { checking, uploading } = this.#button.dataset;
    this.#bar.hidden = percent >= 100;
    this.#bar.value = percent;
    this.#button.textContent = percent >= 100 ? checking : fill(uploading, { percent });
  }

  rest() {
    this.#bar.hidden = true;
    this.#button.textContent = this.#label;
    this.#button.classList.remove("is-busy");
  }

  /** Show how much of `form` htmx has sent, while it sends it. */
  watch(form) {
    form.addEventListener("htmx:xhr:progress", (event) => {
      const { loaded, total, lengthComputable } = event.detail;
      if (!lengthComputable || !total || !this.#button.classList.contains("is-busy")) return;
      this.show(Math.round((loaded / total) * 100));
    });
  }
}
