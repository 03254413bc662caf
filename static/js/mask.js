// The mask that is sent with a picture: what was chosen and painted over it becomes a black and white file in the form.

const SIDE = 1024; // longer side of the file; the engine brings it to the video's size
const JUDGED_SIDE = 512; // of the copy in which is counted what it covers
const EMPTY = 0.0005; // a mask with less white limits nothing, nor does one with more than the next
const FULL = 0.97;
const ROUGH_SIDE = 256; // of the drawing of who is near which face, which is smooth

export class Mask {
  /** `field` is the form's field of the mask; a file that a person puts there comes before what was drawn. */
  constructor(field, changed = () => {}) {
    this.field = field;
    this.changed = changed;
    this.size = null;
    this.regions = null;
    this.strokes = [];
    this.used = true;
    field.changed = () => {
      this.strokes = [];
      if (field.file) this.regions = null;
      else this.write(); // the file is taken away again: who was chosen among the faces holds
      this.changed();
    };
  }

  /** Whether the chosen kind of video has a picture and takes a mask; with another one what was drawn is not sent. */
  use(used) {
    if (used === this.used) return;
    this.used = used;
    this.write();
  }

  /** Another picture, of this size: nothing is chosen or painted in it yet. */
  begin(size) {
    this.size = size;
    this.regions = null;
    this.paint([]);
  }

  /** Only what is nearer to `chosen` faces than to `others` may move; null for everything. */
  limit(regions) {
    this.regions = regions;
    this.write();
  }

  /** Only what these strokes cover may move: {erases, width, points: [[x, y]]}, in shares of the picture's width. */
  paint(strokes) {
    this.strokes = strokes;
    this.write();
    this.changed();
  }

  /** Put the mask into the form, or take it out again when it limits nothing. */
  write() {
    if (!(this.regions || this.strokes.length) || !this.size || !this.used) {
      this.field.erase();
      return;
    }
    const how = this.strokes.length ? "painted" : "tapped";
    this.field.draw(new File([png(this.draw())], "mask.png", { type: "image/png" }), how);
  }

  draw() {
    const canvas = canvasOf(this.size, SIDE);
    const pen = canvas.getContext("2d");
    pen.fillStyle = "black";
    pen.fillRect(0, 0, canvas.width, canvas.height);
    if (this.strokes.length) {
      const painted = canvasOf(this.size, SIDE);
      follow(painted, this.strokes, "white");
      pen.drawImage(painted, 0, 0);
    }
    if (this.regions) {
      pen.globalCompositeOperation = this.strokes.length ? "darken" : "source-over";
      pen.drawImage(near(this.regions, this.size), 0, 0, canvas.width, canvas.height);
    }
    return canvas;
  }
}

/** Draw the strokes over an empty canvas; an eraser leaves it empty again. */
export function follow(canvas, strokes, colour) {
  const pen = canvas.getContext("2d");
  pen.clearRect(0, 0, canvas.width, canvas.height);
  pen.lineCap = pen.lineJoin = "round";
  pen.strokeStyle = pen.fillStyle = colour;
  for (const { erases, width, points } of strokes) {
    pen.globalCompositeOperation = erases ? "destination-out" : "source-over";
    pen.lineWidth = width * canvas.width;
    pen.beginPath();
    const [[x, y], ...others] = points.map((point) => point.map((share) => share * canvas.width));
    pen.moveTo(x, y);
    pen.lineTo(x, y);
    for (const point of others) pen.lineTo(...point);
    pen.stroke();
  }
  pen.globalCompositeOperation = "source-over";
}

/** How much of each box (x0, y0, x1, y1 in shares of the sides) is white in the picture in `file`; all of it where the
 *  picture says nothing, or can not be read here. */
export async function shares(file, boxes) {
  const all = boxes.map(() => 1);
  const picture = await createImageBitmap(file).catch(() => null);
  if (!picture) return all;
  const canvas = canvasOf({ width: 1, height: 1 }, JUDGED_SIDE);
  const pen = canvas.getContext("2d");
  pen.fillStyle = "black"; // what is transparent allows nothing
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
  const white = (...box) => {
    const { data } = pen.getImageData(...box);
    let sum = 0;
    for (let at = 0; at < data.length; at += 4) sum += (data[at] + data[at + 1] + data[at + 2]) / 765 > 0.5;
    return (4 * sum) / data.length;
  };
  const whole = white(0, 0, canvas.width, canvas.height);
  if (whole < EMPTY || whole > FULL) return all; // as good as none
  return boxes.map((box) => {
    const [x0, y0, x1, y1] = box.map((share) => Math.round(Math.min(Math.max(share, 0), 1) * JUDGED_SIDE));
    return x1 > x0 && y1 > y0 ? white(x0, y0, x1 - x0, y1 - y0) : 1;
  });
}

function canvasOf({ width, height }, side) {
  const scale = side / Math.max(width, height);
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  return canvas;
}

/** White where a chosen face is the nearest, in widths of the faces; black elsewhere. */
function near({ chosen, others }, size) {
  const canvas = canvasOf(size, ROUGH_SIDE);
  const pen = canvas.getContext("2d");
  const picture = pen.createImageData(canvas.width, canvas.height);
  const far = (faces, x, y) =>
    Math.min(
      ...faces.map(({ box: [x0, y0, x1, y1] }) => {
        const [across, down] = [x - ((x0 + x1) / 2) * canvas.width, y - ((y0 + y1) / 2) * canvas.height];
        return Math.hypot(across, down) / ((x1 - x0) * canvas.width);
      }),
    );
  for (let y = 0, at = 0; y < canvas.height; y++) {
    for (let x = 0; x < canvas.width; x++, at += 4) {
      picture.data.fill(far(chosen, x, y) <= far(others, x, y) ? 255 : 0, at, at + 3);
      picture.data[at + 3] = 255;
    }
  }
  pen.putImageData(picture, 0, 0);
  return canvas;
}

/** A canvas as the bytes of a PNG, at once: the form may be sent the next moment. */
function png(canvas) {
  return Uint8Array.from(atob(canvas.toDataURL("image/png").split(",")[1]), (letter) => letter.charCodeAt(0));
}
