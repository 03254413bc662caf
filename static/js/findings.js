// What is known to be wrong with the files before they are sent: there Generate stops, and leads to the place.
// What only the engine can tell for certain stops it once: who presses again means it.

export class Findings {
  /** `place` is the line at the button, with what is said of a second press in its data. */
  constructor(place) {
    this.place = place;
    this.words = place.querySelector("span");
    this.told = "";
  }

  /** Of findings {sentence, sure, at} the first that stops, or none; it is said at the button, and `at` gets the focus. */
  stops(found) {
    const first = found.find(({ sentence, sure }) => sure || sentence !== this.told);
    if (!first) return this.forget();
    const { sentence, sure, at } = first;
    this.told = sure ? "" : sentence;
    this.words.textContent = sure ? sentence : `${sentence} ${this.place.dataset.again}`;
    this.place.hidden = false;
    at.closest("details")?.setAttribute("open", "");
    at.focus();
    return true;
  }

  /** Another file is there: what was said of the last one is not said of it. */
  renew() {
    this.told = "";
    this.forget();
  }

  /** What was said no longer holds, or is overruled. */
  forget() {
    this.place.hidden = true;
    return false;
  }
}
