// The place of the video. Where the faces are is known of the first frame: the outlines go when the video plays.
import { Shown } from "./shown.js";

export class Film extends Shown {
  constructor(sized) {
    super("video", "loadedmetadata", sized);
    this.shown.preload = "auto"; // of a video on this machine, or of one that was used before
    for (const event of ["play", "seeking"]) {
      this.shown.addEventListener(event, () => {
        this.over.hidden = true;
      });
    }
    if (this.shown.readyState >= HTMLMediaElement.HAVE_METADATA) this.seen();
  }

  /** A frame that is not there yet would be copied as a black one. */
  async look() {
    const url = this.shown.src;
    if (this.shown.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) {
      await new Promise((there) => this.shown.addEventListener("loadeddata", there, { once: true }));
    }
    // Shown by now, or with the next picture of the page: no callback comes for a frame that was shown already.
    const next = new Promise((shown) => requestAnimationFrame(() => requestAnimationFrame(shown)));
    await Promise.race([next, new Promise((shown) => this.shown.requestVideoFrameCallback(shown))]);
    if (this.shown.src === url && !this.shown.currentTime) super.look();
  }
}
