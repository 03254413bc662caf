// A voice drawn as two lips: short above, long below, a hairline between.

const STEP = 0.9; // units between strokes
const FLOOR = 0.04; // silence is a dot, not nothing

let context;
const known = new Map();

/** Loudness from 0 to 1 in `count` equal parts of a sound given as an ArrayBuffer. */
async function loudness(buffer, count) {
  context ??= new OfflineAudioContext(1, 1, 16000);
  const sound = (await context.decodeAudioData(buffer)).getChannelData(0);
  const part = sound.length / count;
  const levels = Array.from({ length: count }, (_, i) => {
    let sum = 0;
    const from = Math.floor(i * part);
    const to = Math.max(from + 1, Math.floor((i + 1) * part));
    for (let k = from; k < to; k += 1) sum += sound[k] * sound[k];
    return Math.sqrt(sum / (to - from));
  });
  const top = Math.max(...levels, 1e-6);
  return levels.map((level) => Math.max(FLOOR, level / top));
}

/** Draw `source` (an address or a File) into an `svg.wave`; what can not be decoded leaves it empty. */
export async function draw(svg, source) {
  const { width, height } = svg.viewBox.baseVal;
  const count = Math.floor(width / STEP);
  const key = source instanceof File ? source : `${source} ${count}`;
  if (!known.has(key)) {
    const bytes = source instanceof File ? source.arrayBuffer() : fetch(source).then((answer) => answer.arrayBuffer());
    known.set(key, bytes.then((buffer) => loudness(buffer, count)));
  }
  let levels;
  try { levels = await known.get(key); } catch { svg.replaceChildren(); return; }
  const middle = height * 0.42;
  const strokes = levels.map((level, i) => {
    const x = ((i + 0.5) * width) / count;
    return `M${x.toFixed(2)} ${(middle - 1 - level * middle * 0.8).toFixed(2)}V${(middle - 1).toFixed(2)}`
      + `M${x.toFixed(2)} ${(middle + 1).toFixed(2)}V${(middle + 1 + level * (height - middle) * 0.85).toFixed(2)}`;
  });
  const path = (name) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", "path");
    if (name) element.classList.add(name);
    return element;
  };
  const rest = path("");
  const played = path("is-played");
  svg.replaceChildren(rest, played);
  svg.showPlayed = (share) => {
    const until = Math.round(share * count);
    played.setAttribute("d", strokes.slice(0, until).join(""));
    rest.setAttribute("d", strokes.slice(until).join(""));
  };
  svg.showPlayed(0);
}

/** 0:08 */
export function clock(seconds) {
  const whole = Math.max(0, Math.round(seconds || 0));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

/** Have a button with `data-shows` icons play and pause `media`. */
export function playButton(button, media) {
  const play = button.getAttribute("aria-label");
  button.addEventListener("click", () => { if (media.paused) media.play(); else media.pause(); });
  const show = () => {
    button.classList.toggle("is-playing", !media.paused);
    button.setAttribute("aria-label", media.paused ? play : button.dataset.pauseLabel);
  };
  for (const event of ["play", "pause", "ended"]) media.addEventListener(event, show);
}
