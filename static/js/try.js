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
// The endpoints alone, under a heading of the second order: the page around them has title, text and <main> already.
const Endpoints = ({ React }) => ({
  components: {
    Endpoints({ getComponent }) {
      const part = (name) => React.createElement(getComponent(name, true));
      return React.createElement(
        "div",
        { className: "swagger-ui" },
        part("SvgAssets"),
        React.createElement("div", { className: "trial__bar" }, React.createElement("h2", null, "Endpoints"), part("AuthorizeBtnContainer")),
        part("errors"),
        part("operations"),
      );
    },
  },
  wrapComponents: {
    // A link within the button that opens an endpoint is there only for those who point: plain text.
    DeepLink: () => ({ text }) => React.createElement("span", null, text),
  },
});
window.SwaggerUIBundle({ spec, domNode: place, layout: "Endpoints", plugins: [Endpoints], validatorUrl: null });
