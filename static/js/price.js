// The price, as the voices' lengths and the resolution are known.
import { form, rates, resolution, text } from "./form.js";
import { fill } from "./sentence.js";

const available = Number(text.available);
const figure = new Intl.NumberFormat(document.documentElement.lang);
const priced = Object.fromEntries(
  ["reckoning", "amount", "after", "rest"].map((name) => [name, form.querySelector(`[data-price="${name}"]`)]),
);
const totals = form.querySelectorAll('[data-price="total"]');
const short = document.getElementById("short");
const cheapest = short.querySelector("[data-cheapest]");

const priceOf = (seconds, rate) => Math.max(Math.ceil(seconds), Number(text.least)) * rate;

/** Of the video: of two voices the longer one's if they speak at once, else both's; null while one is not known. */
function spoken(voices) {
  const lengths = voices.map((voice) => voice.seconds);
  if (lengths.includes(null)) return null;
  return form.elements.order.value === "meanwhile" ? Math.max(...lengths) : lengths.reduce((sum, one) => sum + one, 0);
}

/** Say what a video of these voices costs. */
export function reckon(voices) {
  const seconds = spoken(voices);
  const rate = rates[resolution()];
  const cost = seconds === null ? null : priceOf(seconds, rate);
  const missing = cost === null ? 0 : Math.max(cost - available, 0);
  priced.reckoning.textContent =
    cost === null
      ? fill(priced.reckoning.dataset.unknown, { rate, least: text.least })
      : fill(priced.reckoning.dataset.known, { seconds: cost / rate, rate });
  priced.amount.textContent = cost === null ? "" : figure.format(cost);
  priced.after.textContent =
    cost === null ? priced.after.dataset.unknown : missing ? priced.after.dataset.short : priced.after.dataset.known;
  priced.rest.textContent = figure.format(cost === null ? available : missing || available - cost);
  for (const total of totals) total.textContent = cost === null ? "–" : fill(total.dataset.known, { credits: figure.format(cost) });
  document.getElementById("price").classList.toggle("price--short", missing > 0);
  short.hidden = !missing;
  if (!missing) return;
  const least = Object.keys(rates)[0];
  const helps = resolution() !== least && priceOf(seconds, rates[least]) <= available;
  cheapest.hidden = !helps;
  short.querySelector("span").textContent =
    `${fill(short.dataset.short, { missing: figure.format(missing) })} ${helps ? short.dataset.cheaper : short.dataset.shorter}`;
}

/** One press takes the cheapest resolution, where that helps; `taken` hears of it. */
export function offerCheapest(taken) {
  cheapest.addEventListener("click", () => {
    form.querySelector('input[name="resolution"]').checked = true;
    taken();
  });
}
