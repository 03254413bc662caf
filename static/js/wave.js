// Draws a voice as two lips: short strokes above, long ones below, a hairline between.

const BAR_PX = 6; // from one stroke to the next
const FEWEST_BARS = 24;
const MAX_BYTES = 40_000_000; // a longer file is not decoded just to draw it
const known = new Map();

/** How loud (0 to 1) the sound in a Blob or at an address is, bar by bar; an empty list if it can not be read.
 *  Its `most` says the same of the largest sample of each bar, where full scale is 1. */
export async function peaks(source, count) {
  const key = typeof source === "string" ? `${source} ${count}` : null;
  if (key && known.has(key)) return known.get(key);
  const found = decode(source, count).catch(() => []);
  if (key) known.set(key, found);
  return found;
}

async function decode(source, count) {
  const bytes = typeof source === "string" ? await fetched(source) : source.size > MAX_BYTES ? null : await source.arrayBuffer();
  if (!bytes) return [];
  const context = new OfflineAudioContext(1, 1, 16000);
  const sound = await context.decodeAudioData(bytes);
  const channels = Array.from({ length: sound.numberOfChannels }, (_, channel) => sound.getChannelData(channel));
  const step = sound.length / count;
  const largest = new Array(count).fill(0);
  const loud = Array.from({ length: count }, (_, i) => {
    let sum = 0;
    const end = Math.floor((i + 1) * step);
    for (const samples of channels) {
      for (let at = Math.floor(i * step); at < end; at++) {
        sum += samples[at] * samples[at];
        largest[i] = Math.max(largest[i], Math.abs(samples[at]));
      }
    }
    return Math.sqrt(sum / Math.max(step * channels.length, 1));
  });
  const most = Math.max(...loud, 1e-4);
  return Object.assign(loud.map((value) => Math.pow(value / most, 0.7)), { most: largest });
}

async function fetched(url) {
  const response = await fetch(url);
  if (!response.ok || Number(response.headers.get("Content-Length")) > MAX_BYTES) return null;
  return response.arrayBuffer();
}

/** The strokes of bars `from` to `to` as path data, in a box of as many units by 40. */
function strokes(values, from, to) {
  let path = "";
  for (let i = from; i < to; i++) {
    const x = i + 0.5;
    path += `M${x} 17V${(16.4 - 13.4 * values[i]).toFixed(1)}M${x} 22V${(22.7 + 16.3 * values[i]).toFixed(1)}`;
  }
  return path;
}

/** Give `svg` as many bars as it has room for, and return their number. */
export function fit(svg) {
  const count = Math.max(Math.round(svg.getBoundingClientRect().width / BAR_PX), FEWEST_BARS);
  svg.setAttribute("viewBox", `0 0 ${count} 40`);
  return count;
}

/** Fill `svg` with the wave, the part before `played` (0 to 1) marked; without `played` it is all of one kind. */
export function draw(svg, values, played = null) {
  const count = svg.viewBox.baseVal.width;
  const shown = values.length === count ? values : Array(count).fill(0);
  const border = played === null ? 0 : Math.round(played * count);
  const parts = [["", strokes(shown, border, count)]];
  if (played !== null) {
    parts.push(["is-played", strokes(shown, 0, border)]);
    parts.push(["head", `M${(played * count).toFixed(2)} 0V40`]);
  }
  for (const [index, [name, data]] of parts.entries()) {
    const path = svg.children[index] ?? svg.appendChild(document.createElementNS("http://www.w3.org/2000/svg", "path"));
    path.setAttribute("class", name);
    path.setAttribute("d", data);
  }
  while (svg.childElementCount > parts.length) svg.lastElementChild.remove();
}

/** Draw the voice of every `svg.wave[data-wave]` below `root` once. */
export async function drawAll(root = document) {
  for (const svg of root.querySelectorAll("svg.wave[data-wave]")) {
    if (svg.childElementCount) continue;
    const count = fit(svg);
    draw(svg, []);
    draw(svg, await peaks(svg.dataset.wave, count));
  }
}
