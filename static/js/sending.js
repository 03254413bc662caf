// Sending: say at once what is missing, show the upload, keep everything if it fails.
import { findings, lacks } from "./checks.js";
import { form, generate, problem, progress, stopped, text, unsent } from "./form.js";

async function cutOf(voice) {
  try {
    await voice.cut();
  } catch (failure) {
    problem(voice.name, text.textUncut);
    throw failure;
  }
}

/** `voices` says which voices the video is made of; `restore` puts back whole recordings into the form. */
export function watchSending(slots, voices, restore) {
  // What is cut out of a recording is made when it is sent, and not at every move of a handle.
  form.addEventListener("htmx:confirm", (event) => {
    if (event.target !== form) return;
    const cuts = voices().filter((voice) => voice.uncut);
    if (!cuts.length) return;
    event.preventDefault();
    generate.disabled = true;
    const cutting = cuts.map((voice) => cutOf(voice));
    // A form that is just being submitted can not be once more: that has to end first.
    Promise.all([...cutting, new Promise((ended) => setTimeout(ended))]).then(
      () => {
        generate.disabled = false; // while it is sent htmx does this
        form.requestSubmit(); // looks again: a handle may have been moved while it was cut
      },
      () => {
        restore();
        progress.rest();
        generate.disabled = false;
      },
    );
  });
  form.addEventListener("htmx:beforeRequest", (event) => {
    if (event.target !== form) return;
    unsent.hidden = true;
    const first = lacks(slots);
    if (first) {
      event.preventDefault();
      restore();
      stopped.forget();
      document.getElementById(first).focus();
      return;
    }
    if (stopped.stops(findings(slots))) {
      event.preventDefault();
      restore();
      return;
    }
    progress.begin();
  });
  progress.watch(form);
  form.addEventListener("htmx:afterRequest", (event) => {
    if (event.target !== form || event.detail.xhr.getResponseHeader("HX-Redirect")) return;
    progress.rest();
    restore();
    unsent.hidden = !event.detail.failed || event.detail.xhr.status === 422;
  });
  form.addEventListener("upload:refused", restore);
  // Who comes back finds the files of the video again.
  form.addEventListener("htmx:beforeOnLoad", (event) => {
    const made = event.detail.xhr.getResponseHeader("Mundwerk-Job");
    if (event.target === form && made) history.replaceState(null, "", `${form.getAttribute("action")}?like=${made}`);
  });
  form.addEventListener("htmx:afterSettle", () => {
    const first = form.querySelector(".field__error:not([hidden])");
    first?.closest("details")?.setAttribute("open", "");
    first?.scrollIntoView({ block: "nearest" });
  });
}
