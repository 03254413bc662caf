// Videos in the gallery: hovering or the keyboard's focus plays a preview, a click plays it with sound. Without this file a card leads to its page.
// What changes arrives as cards out of band; here new ones find their place, and a page that nobody sees does not ask.
import { telling } from "./notify.js";

const HOVER_MS = 150;
const still = matchMedia("(prefers-reduced-motion: reduce)");
const hovers = matchMedia("(hover: hover)");
let waiting = 0;

const screenOf = (target) => target instanceof Element && target.closest("[data-video]");
const videoOf = (screen) => screen.querySelector("video");

function made(screen, src) {
  const video = document.createElement("video");
  Object.assign(video, { src, muted: true, loop: true, playsInline: true });
  const line = Object.assign(document.createElement("progress"), { className: "bar card__line", max: 1, value: 0 });
  line.setAttribute("aria-hidden", "true");
  video.addEventListener("timeupdate", () => (line.value = video.currentTime / (video.duration || 1)));
  screen.querySelector(".card__play").before(video);
  screen.append(line);
  return video;
}

function play(screen, withSound) {
  if (withSound) for (const other of document.querySelectorAll(".card.has-sound [data-video]")) if (other !== screen) stop(other);
  const src = (!withSound && screen.dataset.preview) || screen.dataset.video;
  if (videoOf(screen) && videoOf(screen).getAttribute("src") !== src) stop(screen);
  const video = videoOf(screen) ?? made(screen, src);
  if (withSound && video.muted) video.currentTime = 0;
  video.muted = !withSound;
  video.loop = !withSound;
  video.onended = () => stop(screen);
  const card = screen.closest(".card");
  card.classList.toggle("has-sound", withSound);
  card.classList.add("is-playing");
  video.play().catch(() => stop(screen));
}

/** Back to the picture: the video goes, so that it holds no connection. */
function stop(screen) {
  const video = videoOf(screen);
  screen.closest(".card").classList.remove("is-playing", "has-sound");
  screen.querySelector(".card__line")?.remove();
  if (!video) return;
  video.onended = null;
  video.pause();
  video.removeAttribute("src");
  video.load();
  video.remove();
}

const soundOn = (screen) => screen.closest(".card").classList.contains("has-sound");

/** Show what is in it after a moment, if moving pictures are welcome. */
function glance(screen) {
  clearTimeout(waiting);
  if (still.matches) return;
  waiting = setTimeout(() => screen.isConnected && !videoOf(screen) && play(screen, false), HOVER_MS);
}

function leave(screen) {
  clearTimeout(waiting);
  if (!soundOn(screen)) stop(screen);
}

document.addEventListener("pointerover", (event) => {
  const screen = screenOf(event.target);
  if (!screen || !hovers.matches || event.pointerType === "touch" || screen.contains(event.relatedTarget)) return;
  glance(screen);
});

document.addEventListener("pointerout", (event) => {
  const screen = screenOf(event.target);
  if (screen && !screen.contains(event.relatedTarget)) leave(screen);
});

document.addEventListener("focusin", (event) => {
  if (event.target.matches("[data-video]:focus-visible")) glance(event.target);
});

document.addEventListener("focusout", (event) => {
  if (event.target.matches("[data-video]")) leave(event.target);
});

document.addEventListener("click", (event) => {
  const screen = screenOf(event.target);
  if (!screen || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  clearTimeout(waiting);
  if (soundOn(screen)) stop(screen);
  else play(screen, true);
});

// --- What has changed ------------------------------------------------------------------------

/** A card that was not on the page: among those shown, newest first. Older ones come with "show older videos". */
function place(card) {
  const list = document.getElementById("gallery");
  if (!list) return anew();
  const next = [...list.querySelectorAll(".card")].find((other) => other.dataset.order < card.dataset.order);
  const more = document.getElementById("more");
  if (next) next.before(card);
  else if (!more) list.append(card);
}

/** The list as the server has it: it begins or ends to be empty. */
function anew() {
  const found = document.getElementById("found");
  if (found.dataset.asked) return;
  found.dataset.asked = "yes";
  if (document.getElementById("q")) htmx.ajax("GET", location.href, { target: found, swap: "outerHTML" });
  else location.reload();
}

document.addEventListener("htmx:oobErrorNoTarget", (event) => {
  if (event.detail.content.matches(".card[data-fits]")) place(event.detail.content);
});

document.addEventListener("htmx:oobBeforeSwap", (event) => {
  if (event.detail.target.matches(".card.is-playing") && event.detail.fragment.querySelector(".card")) event.detail.shouldSwap = false;
});

document.addEventListener("htmx:afterSwap", () => {
  const list = document.getElementById("gallery");
  if (list && !list.querySelector(".card")) anew();
});

document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.target.id === "watch" && document.hidden && !telling()) event.preventDefault();
});
document.addEventListener("visibilitychange", () => document.hidden || htmx.trigger(document.body, "look"));
