// The place of the picture: what is painted over it is its mask, which is to leave out no mouth that speaks.
import { Brush } from "./brush.js";
import { problem, text } from "./form.js";
import { Mask, shares } from "./mask.js";
import { sizeOf } from "./overlay.js";
import { Shown } from "./shown.js";

const BESIDE = 0.3; // of a mouth's surroundings that are white: with less nobody takes it for one that is to speak

export class Picture extends Shown {
  /** `maskField` is the field of its mask; `sized` hears of the picture's size. */
  constructor(maskField, sized) {
    super("image", "load", sized, (slot) => slot.picked());
    this.maskField = maskField;
    this.missed = ""; // what is wrong with the mask
    this.mask = new Mask(maskField, () => {
      this.brush?.show();
      this.judge();
    });
    this.brush = new Brush(this.root, this.shown, this.mask);
    if (this.shown.complete && sizeOf(this.shown)) this.seen();
  }

  changed() {
    this.mask?.begin(sizeOf(this.shown));
    this.brush?.forget();
  }

  /** Whether a mask can be made of it: else nothing is painted. */
  use(usable) {
    this.mask.use(usable);
    if (!usable) this.brush.forget();
  }

  /** Learn whether the mask, a file or painted, leaves out the mouths of those who are to speak. */
  async judge() {
    this.missed = "";
    const { found, speakers } = this.faces;
    const { file } = this.maskField;
    if (!found?.length || !file) return this.tellMissed();
    const covered = await shares(file, found.map((face) => face.mouth));
    if (this.maskField.file !== file || this.faces.found !== found) return;
    const count = covered.filter((share) => share > BESIDE).length;
    if (!count) this.missed = text.textMisses;
    else if (count < Math.min(speakers, found.length)) this.missed = text.textMissesOne;
    this.tellMissed();
  }

  /** Of a file it is said at once; who paints may not be at the mouth yet. */
  tellMissed() {
    problem("mask_image", this.maskField.isDrawn ? "" : this.missed);
  }

  /** The largest faces speak by themselves; others need a mask that says so. */
  picked() {
    const { chosen, found, picked } = this.faces;
    this.mask.limit(picked ? { chosen, others: found.filter((face) => !chosen.includes(face)) } : null);
    this.judge();
  }
}
