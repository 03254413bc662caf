// Painting the mask over the picture, with a mouse, a pen or a finger.
import { follow } from "./mask.js";
import { sizeOf } from "./overlay.js";

const SIDE = 1024; // longer side of what is painted on

export class Brush {
  /** `root` is the slot of the picture `shown`; what is painted goes to `mask`. */
  constructor(root, shown, mask) {
    this.root = root;
    this.shown = shown;
    this.mask = mask;
    this.canvas = root.querySelector("[data-canvas]");
    this.tools = root.querySelector("[data-brush]");
    this.open = root.querySelector("[data-brush-open]");
    this.width = this.tools.querySelector("[data-brush-width]");
    this.undo = this.tools.querySelector("[data-brush-undo]");
    this.clear = this.tools.querySelector("[data-brush-clear]");
    this.stroke = null;
    this.open.addEventListener("click", () => this.turn(true));
    this.tools.querySelector("[data-brush-close]").addEventListener("click", () => this.turn(false));
    this.undo.addEventListener("click", () => this.keep(mask.strokes.slice(0, -1), this.undo));
    this.clear.addEventListener("click", () => this.keep([], this.clear));
    this.canvas.addEventListener("pointerdown", (event) => this.begin(event));
    this.canvas.addEventListener("pointermove", (event) => this.go(event));
    for (const end of ["pointerup", "pointercancel"]) this.canvas.addEventListener(end, () => this.end());
    this.tools.addEventListener("keydown", (event) => event.key === "Escape" && this.turn(false));
  }

  get erases() {
    return this.tools.querySelector("[data-brush-erase]").checked;
  }

  /** Begin or stop painting. */
  turn(on) {
    this.root.classList.toggle("is-painted-on", on);
    this.tools.hidden = !on;
    this.open.setAttribute("aria-expanded", String(on));
    (on ? this.tools.querySelector("input") : this.open).focus();
  }

  /** Another picture, or none. */
  forget() {
    this.root.classList.remove("is-painted-on");
    this.tools.hidden = true;
    this.open.setAttribute("aria-expanded", "false");
  }

  /** Show what is painted by now. */
  show() {
    const { strokes } = this.mask;
    this.undo.disabled = this.clear.disabled = !strokes.length;
    const size = sizeOf(this.shown);
    if (!size) return;
    const scale = SIDE / Math.max(size.width, size.height);
    this.canvas.width = Math.max(1, Math.round(size.width * scale));
    this.canvas.height = Math.max(1, Math.round(size.height * scale));
    const colour = getComputedStyle(this.canvas).color;
    follow(this.canvas, this.stroke ? [...strokes, this.stroke] : strokes, colour);
  }

  begin(event) {
    if (!event.isPrimary || event.button) return;
    event.preventDefault();
    this.canvas.setPointerCapture(event.pointerId);
    this.stroke = { erases: this.erases, width: Number(this.width.value) / 100, points: [this.place(event)] };
    this.show();
  }

  go(event) {
    if (!this.stroke || !event.isPrimary) return;
    const moves = event.getCoalescedEvents?.() ?? [];
    for (const move of moves.length ? moves : [event]) this.stroke.points.push(this.place(move));
    this.show();
  }

  end() {
    if (!this.stroke) return;
    const stroke = this.stroke;
    this.stroke = null;
    this.mask.paint([...this.mask.strokes, stroke]);
  }

  /** Take over these strokes; a button that has nothing left to do gives the focus on. */
  keep(strokes, button) {
    this.mask.paint(strokes);
    if (button.disabled) this.tools.querySelector("input").focus();
  }

  /** Where the pointer is, in shares of the picture's width. */
  place(event) {
    const box = this.canvas.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.width];
  }
}
