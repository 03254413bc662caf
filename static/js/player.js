// The player: our own bar under the picture. Without it the browser's controls stay.

import { clock, draw, playButton } from "./wave.js";

const STEP_SECONDS = 1;

function equip(player) {
  if (player.dataset.equipped) return;
  player.dataset.equipped = "yes";
  const video = player.querySelector("video");
  const seek = player.querySelector("[data-seek]");
  const wave = seek.querySelector(".wave");
  const time = player.querySelector("[data-time]");
  const mute = player.querySelector("[data-mute]");
  video.controls = false;
  playButton(player.querySelector("[data-play]"), video);
  video.addEventListener("click", () => { if (video.paused) video.play(); else video.pause(); });
  if (player.dataset.wave) draw(wave, player.dataset.wave);

  const show = () => {
    const share = video.duration ? video.currentTime / video.duration : 0;
    wave.showPlayed?.(share);
    seek.setAttribute("aria-valuenow", String(Math.round(share * 100)));
    seek.setAttribute("aria-valuetext", clock(video.currentTime));
    time.textContent = `${clock(video.currentTime)} / ${clock(video.duration)}`;
  };
  for (const event of ["timeupdate", "loadedmetadata", "seeked"]) video.addEventListener(event, show);
  const to = (seconds) => { if (video.duration) video.currentTime = Math.min(Math.max(seconds, 0), video.duration); };
  seek.addEventListener("pointerdown", (event) => {
    const box = seek.getBoundingClientRect();
    const move = (at) => to(((at.clientX - box.left) / box.width) * video.duration);
    move(event);
    seek.setPointerCapture(event.pointerId);
    seek.onpointermove = move;
    seek.onpointerup = () => { seek.onpointermove = null; };
  });
  seek.addEventListener("keydown", (event) => {
    const target = {
      ArrowRight: video.currentTime + STEP_SECONDS, ArrowLeft: video.currentTime - STEP_SECONDS, Home: 0, End: video.duration,
    }[event.key];
    if (target === undefined) return;
    event.preventDefault();
    to(target);
  });
  mute.addEventListener("click", () => {
    video.muted = !video.muted;
    mute.setAttribute("aria-pressed", String(video.muted));
  });
  player.querySelector("[data-full]").addEventListener("click", () => {
    if (video.requestFullscreen) video.requestFullscreen();
    else video.webkitEnterFullscreen?.();
  });
  show();
}

function equipAll() {
  document.querySelectorAll("[data-player]").forEach(equip);
  document.querySelectorAll("svg.wave[data-wave]").forEach((svg) => { if (!svg.firstChild) draw(svg, svg.dataset.wave); });
}

equipAll();
document.addEventListener("htmx:afterSettle", equipAll);
