// A picture or a video that is too small for the resolution.
import { resolution, text } from "./form.js";
import { sizeOf } from "./overlay.js";
import { fill } from "./sentence.js";

const small = JSON.parse(text.small);
const NEARLY = 0.95;

/** Say what size the video gets, if that is less than the resolution that was chosen. */
export function warnOfSize({ name, shown }) {
  const size = shown.hidden ? null : sizeOf(shown);
  const place = document.getElementById("enlarged");
  place.hidden = true;
  if (!size) return;
  const wanted = Number(resolution());
  const scale = Math.min(wanted / Math.min(size.width, size.height), Number(text.mostEnlarged));
  const [width, height] = [size.width, size.height].map((side) => 2 * Math.round((side * scale) / 2));
  if (Math.min(width, height) >= NEARLY * wanted) return;
  place.hidden = false;
  place.textContent = fill(small[name], { resolution: wanted, width, height });
}
