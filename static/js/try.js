// The interactive page: the document is asked for here, so that requests go to wherever this page came from.

const root = document.documentElement;
const place = document.getElementById("trial");
const system = matchMedia("(prefers-color-scheme: dark)");

function paint() {
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : system.matches;
  root.classList.toggle("dark-mode", dark);
}

paint();
system.addEventListener("change", paint);
new MutationObserver(paint).observe(root, { attributeFilter: ["data-theme"] });

const spec = await (await fetch(place.dataset.document)).json();
const sample = (name) => `${location.origin}/samples/${name}`;
spec.servers = [{ url: location.origin }];
// What "Try it out" begins with: a request that works.
spec.components.schemas.SubmitImage.example = {
  formState: { image: sample("face.jpg"), audio: sample("voice.wav"), resolution: "480p" },
};
// It brings a <main> of its own; a page has one.
new MutationObserver((_, observer) => {
  const second = place.querySelector("main");
  if (!second) return;
  second.setAttribute("role", "group");
  observer.disconnect();
}).observe(place, { childList: true, subtree: true });
window.SwaggerUIBundle({ spec, domNode: place, deepLinking: true, defaultModelsExpandDepth: 0, validatorUrl: null });
