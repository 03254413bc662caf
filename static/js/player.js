// The player: a video under our own keys. Without this file the browser's own controls are there.
import { clock } from "./time.js";
import { Sound } from "./sound.js";
import { draw, drawAll, fit, peaks } from "./wave.js";

const STEP_SECONDS = 5;

function enhance(player) {
  const video = player.querySelector("video");
  if (!video || player.dataset.ready) return;
  player.dataset.ready = "yes";
  const [play, seek, time, mute, full] = ["play", "seek", "time", "mute", "full"].map((name) => player.querySelector(`[data-${name}]`));
  const wave = seek.querySelector("svg");
  const labels = { play: play.getAttribute("aria-label"), pause: play.dataset.pauseLabel };
  let values = [];
  video.controls = false;

  const show = () => {
    const length = video.duration || 0;
    const at = length ? video.currentTime / length : 0;
    draw(wave, values, at);
    time.textContent = `${clock(video.currentTime)} / ${clock(length)}`;
    seek.setAttribute("aria-valuenow", String(Math.round(at * 100)));
    seek.setAttribute("aria-valuetext", time.textContent);
  };
  const state = () => {
    player.classList.toggle("is-playing", !video.paused);
    play.setAttribute("aria-label", video.paused ? labels.play : labels.pause);
    if (!video.paused) requestAnimationFrame(follow);
  };
  const follow = () => {
    show();
    if (!video.paused) requestAnimationFrame(follow);
  };
  const toggle = () => (video.paused ? video.play().catch(() => {}) : video.pause());
  const to = (seconds) => {
    video.currentTime = Math.min(Math.max(seconds, 0), video.duration || 0);
    show();
  };
  const drag = (event) => {
    const box = wave.getBoundingClientRect();
    to(((event.clientX - box.left) / box.width) * (video.duration || 0));
  };

  play.addEventListener("click", toggle);
  video.addEventListener("click", toggle);
  for (const name of ["play", "pause", "ended"]) video.addEventListener(name, state);
  for (const name of ["loadedmetadata", "timeupdate", "seeked"]) video.addEventListener(name, show);
  seek.addEventListener("pointerdown", (event) => {
    seek.setPointerCapture(event.pointerId);
    drag(event);
  });
  seek.addEventListener("pointermove", (event) => seek.hasPointerCapture(event.pointerId) && drag(event));
  seek.addEventListener("keydown", (event) => {
    const by = { ArrowRight: STEP_SECONDS, ArrowUp: STEP_SECONDS, ArrowLeft: -STEP_SECONDS, ArrowDown: -STEP_SECONDS }[event.key];
    if (by) to(video.currentTime + by);
    else if (event.key === "Home") to(0);
    else if (event.key === "End") to(video.duration);
    else if (event.key === " " || event.key === "Enter") toggle();
    else return;
    event.preventDefault();
  });
  mute?.addEventListener("click", () => {
    video.muted = !video.muted;
    mute.setAttribute("aria-pressed", String(video.muted));
  });
  full.addEventListener("click", () => {
    if (document.fullscreenElement) document.exitFullscreen();
    else if (player.requestFullscreen) player.requestFullscreen();
    else video.webkitEnterFullscreen?.();
  });
  if (player.dataset.wave) {
    peaks(player.dataset.wave, fit(wave)).then((found) => {
      values = found;
      show();
    });
  }
  show();
}

function enhanceAll() {
  document.querySelectorAll("[data-player]").forEach(enhance);
  for (const voice of document.querySelectorAll("[data-voice]")) {
    if (voice.dataset.ready) continue;
    voice.dataset.ready = "yes";
    const url = voice.querySelector("audio").getAttribute("src");
    new Sound(voice).load(url, url);
  }
  drawAll();
}

enhanceAll();
document.addEventListener("htmx:afterSettle", enhanceAll);
