// A picture or a video in its own screen, the faces outlined.
import { Faces } from "./faces.js";
import { form } from "./form.js";
import { Overlay, sizeOf } from "./overlay.js";
import { Slot } from "./slot.js";

export class Shown extends Slot {
  /** `ready` is the event that tells that it can be seen; `sized` hears of a size that is known or gone. */
  constructor(name, ready, sized, picked = null) {
    super(name);
    this.sized = sized;
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
    this.sized();
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
    this.sized();
    this.look();
  }

  look() {
    this.over.hidden = false;
    this.overlay.lay();
    this.faces.look();
  }

  changed() {}
}
