// Videos in the gallery: they play muted under the pointer, and with sound when clicked; a card that changes leaves the others alone.

const HOVER_MS = 150;
const still = matchMedia("(prefers-reduced-motion: reduce)");
let waiting;

function videoOf(screen) {
  let video = screen.querySelector("video");
  if (!video) {
    video = document.createElement("video");
    video.src = screen.dataset.video;
    video.playsInline = true;
    video.loop = true;
    for (const event of ["play", "pause", "ended"]) {
      video.addEventListener(event, () => screen.closest(".card").classList.toggle("is-playing", !video.paused));
    }
    screen.querySelector("img")?.after(video) ?? screen.prepend(video);
  }
  return video;
}

function rest(screen) {
  const video = screen.querySelector("video");
  if (video) { video.pause(); video.remove(); }
  screen.closest(".card").classList.remove("is-playing", "is-heard");
}

function screenOf(event) {
  return event.target.closest?.("[data-video]");
}

document.addEventListener("pointerover", (event) => {
  const screen = screenOf(event);
  if (!screen || event.pointerType !== "mouse" || still.matches || screen.querySelector("video")) return;
  clearTimeout(waiting);
  waiting = setTimeout(() => {
    const video = videoOf(screen);
    video.muted = true;
    video.play().catch(() => {});
  }, HOVER_MS);
});

document.addEventListener("pointerout", (event) => {
  const screen = screenOf(event);
  if (!screen || screen.contains(event.relatedTarget)) return;
  clearTimeout(waiting);
  if (!screen.closest(".card").classList.contains("is-heard")) rest(screen);
});

document.addEventListener("click", (event) => {
  const screen = screenOf(event);
  if (!screen || event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  clearTimeout(waiting);
  const card = screen.closest(".card");
  if (card.classList.contains("is-heard")) { rest(screen); return; }
  document.querySelectorAll(".card.is-heard [data-video]").forEach(rest);
  const video = videoOf(screen);
  card.classList.add("is-heard");
  video.muted = false;
  video.currentTime = 0;
  video.play().catch(() => {});
});
