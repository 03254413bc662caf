// What lies over a picture: it keeps exactly to what is seen of the picture, whatever room its screen has.

/** The pixels of a picture or a video; null before they are known. */
export function sizeOf(shown) {
  const width = shown.naturalWidth ?? shown.videoWidth;
  const height = shown.naturalHeight ?? shown.videoHeight;
  return width && height ? { width, height } : null;
}

export class Overlay {
  /** `over` is a child of the screen that holds `shown`, a picture or a video that is fitted into its own box. */
  constructor(over, shown) {
    this.over = over;
    this.shown = shown;
    new ResizeObserver(() => this.lay()).observe(shown);
  }

  lay() {
    const size = sizeOf(this.shown);
    if (!size) return;
    const box = this.shown.getBoundingClientRect();
    const screen = this.shown.parentElement.getBoundingClientRect();
    const scale = Math.min(box.width / size.width, box.height / size.height);
    const [width, height] = [size.width * scale, size.height * scale];
    const { style } = this.over;
    style.left = `${box.left - screen.left + (box.width - width) / 2}px`;
    style.top = `${box.top - screen.top + (box.height - height) / 2}px`;
    style.width = `${width}px`;
    style.height = `${height}px`;
  }
}
