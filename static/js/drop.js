// Files that are dropped anywhere on the page, or pasted.
import { kind } from "./form.js";

/** Each file to where it is wanted: a picture or a video also chooses the kind, a voice the first place that is free. */
function sort(files, slots, voices, choose) {
  for (const file of files) {
    const [type] = file.type.split("/");
    if (type === "image") {
      if (kind() === "lipsync-video") choose("lipsync-image");
      slots.image.give([file]);
    } else if (type === "video") {
      choose("lipsync-video");
      slots.video.give([file]);
    } else if (type === "audio") {
      const places = voices();
      (places.find((voice) => !voice.filled) ?? places[0]).give([file]);
    }
  }
}

/** `voices` says which places for a voice there are, `choose` is told of another kind of video. */
export function takeDropped(slots, voices, choose) {
  const take = (files) => sort(files, slots, voices, choose);

  window.addEventListener("dragover", (event) => event.preventDefault());
  window.addEventListener("drop", (event) => {
    event.preventDefault();
    take([...event.dataTransfer.files]);
  });
  document.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (!files.length) return;
    event.preventDefault();
    take(files);
  });
}
