// The voices of the one on the left and the one on the right change places.
import { consent } from "./form.js";
import { samples } from "./sample.js";

const swap = document.getElementById("swap");

/** The file of a place; that of a sample is fetched, because a sample belongs to its place. */
async function fileOf(slot) {
  if (!slot.sampled) return [...slot.input.files];
  const url = samples()[slot.name];
  const sound = await (await fetch(url)).blob();
  return [new File([sound], url.split("/").pop(), { type: sound.type })];
}

/** `sides` are the two places; `restore` puts back whole recordings into the form. */
export function offerSwap(sides, restore) {
  swap.hidden = false;
  swap.addEventListener("click", async () => {
    const agreed = consent.checked;
    restore();
    const held = await Promise.all(sides.map(async (slot) => ({ files: await fileOf(slot), part: slot.sound.part })));
    for (const [slot, { files, part }] of [[sides[0], held[1]], [sides[1], held[0]]]) {
      if (files.length) slot.give(files, part);
      else slot.clear();
    }
    consent.checked = agreed; // the same voices as before
    swap.focus();
  });
}
