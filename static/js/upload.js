// Sends the studio's files ahead of its form, to wherever files are kept, and then the form with their ids alone.
// A file that has arrived is not sent again, whatever becomes of the form; of a large one that was cut off, what is
// missing follows. Without this file the form takes them along.
import { form, generate, problem, progress, unsent } from "./form.js";

const csrf = form.elements.csrfmiddlewaretoken.value;

const PAUSES = [1000, 3000, 9000]; // before a file is tried again when the connection was lost
const sent = new WeakMap(); // File → the id of its upload
const begun = new WeakMap(); // File → the same, while it is sent in parts
const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

/** A sentence for the place of one file. */
class Refused extends Error {
  constructor(sentence, field) {
    super(sentence);
    this.field = field;
  }
}

async function ask(address, options) {
  const headers = { "X-CSRFToken": csrf, "HX-Request": "true", "HX-Current-URL": location.href };
  const answer = await fetch(address, { headers, ...options });
  const away = answer.headers.get("HX-Redirect"); // to log in again
  if (away) location.assign(away);
  return answer;
}

/** Leave to send `file`, chosen for `field`: all of it, or what has not come of one that was begun. */
async function ticketFor(file, field) {
  if (begun.has(file)) {
    const answer = await ask(`${form.dataset.uploads}${begun.get(file)}/`);
    if (answer.ok) return answer.json();
    if (answer.status !== 404) throw new Error(answer.status);
    begun.delete(file);
  }
  const body = new URLSearchParams({ filename: file.name.slice(-255), type: file.type, size: file.size });
  const answer = await ask(form.dataset.uploads, { method: "POST", body });
  if (answer.status !== 422 && !answer.ok) throw new Error(answer.status);
  const ticket = await answer.json();
  if (ticket.problem) throw new Refused(ticket.problem, field);
  if (ticket.parts) begun.set(file, ticket.id);
  return ticket;
}

/** Sends `file`, or a part of it, as is said; `tell` is told how many of its bytes are on their way. */
function send(file, { method, url, headers = {}, fields = {} }, tell) {
  return new Promise((done, fail) => {
    const request = new XMLHttpRequest();
    request.upload.addEventListener("progress", (event) => tell(Math.min(event.loaded, file.size)));
    request.addEventListener("load", () => (request.status < 300 ? done() : fail(new Error(request.status))));
    request.addEventListener("error", () => fail(new Error("connection lost")));
    request.open(method, url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    if (method !== "POST") return request.send(file);
    const body = new FormData();
    for (const [name, value] of Object.entries(fields)) body.append(name, value);
    body.append("file", file);
    request.send(body);
  });
}

/** Sends the `parts` of `file` one after the other; `arrived` is told of each that has come. */
async function sendParts(file, parts, tell, arrived) {
  let here = parts.reduce((left, { start, end }) => left - (end - start), file.size);
  arrived(here);
  for (const { start, end, url } of parts) {
    await send(file.slice(start, end), { method: "PUT", url }, (bytes) => tell(here + bytes));
    here += end - start;
    arrived(here);
  }
}

/** Sends `file`, again with a new leave if the connection is lost, but for the parts that have arrived. */
async function deliver(file, field, tell) {
  let here = 0;
  for (let attempt = 0; ; attempt += 1) {
    try {
      const ticket = await ticketFor(file, field);
      if (ticket.upload) await send(file, ticket.upload, tell);
      else
        await sendParts(file, ticket.parts, tell, (bytes) => {
          if (bytes > here) attempt = 0; // it goes on, so patience begins anew
          here = bytes;
          tell(here);
        });
      sent.set(file, ticket.id);
      return;
    } catch (error) {
      if (error instanceof Refused || attempt === PAUSES.length) throw error;
      tell(here);
      await pause(PAUSES[attempt]);
    }
  }
}

const chosen = () =>
  [...form.querySelectorAll('input[type="file"]:not([disabled])')].filter((input) => input.files.length);

async function deliverAll(inputs) {
  const files = inputs.map((input) => input.files[0]);
  const total = files.reduce((sum, file) => sum + file.size, 0);
  const loaded = files.map((file) => (sent.has(file) ? file.size : 0));
  const tell = () => progress.show(Math.round((loaded.reduce((sum, one) => sum + one, 0) / (total || 1)) * 100));
  generate.disabled = true;
  tell();
  // One after the other: side by side they would only share the same line.
  for (const [index, file] of files.entries()) {
    if (sent.has(file)) continue;
    await deliver(file, inputs[index].name, (bytes) => {
      loaded[index] = bytes;
      tell();
    });
  }
}

function refuse(error) {
  progress.rest();
  generate.disabled = false;
  form.dispatchEvent(new Event("upload:refused"));
  if (error instanceof Refused) problem(error.field, error.message);
  else unsent.hidden = false;
}

/** In place of each file its upload's id, for as long as the form is on its way. */
function swap(inputs) {
  for (const input of inputs) {
    const id = document.createElement("input");
    id.type = "hidden";
    id.name = "sent";
    id.value = `${input.name}:${sent.get(input.files[0])}`;
    id.dataset.sent = "";
    form.append(id);
    input.dataset.held = "";
    input.disabled = true;
  }
}

function swapBack() {
  for (const id of form.querySelectorAll("[data-sent]")) id.remove();
  for (const input of form.querySelectorAll("[data-held]")) {
    delete input.dataset.held;
    input.disabled = false;
  }
}

// Where the studio still has something to cut out, the ids are not those of what it will send.
form.addEventListener("htmx:confirm", (event) => {
  if (event.target === form && event.defaultPrevented) swapBack();
});
// After the studio's own look at the form: what it has refused is not sent.
form.addEventListener("htmx:beforeRequest", (event) => {
  if (event.target !== form) return;
  if (event.defaultPrevented) return swapBack();
  const inputs = chosen();
  if (!inputs.length) return;
  event.preventDefault();
  // Where all has arrived before: a form that is just being submitted can not be once more.
  Promise.all([deliverAll(inputs), pause(0)]).then(() => {
    generate.disabled = false;
    // Unless another file was chosen meanwhile, which has to be sent first.
    if (chosen().every((input) => sent.has(input.files[0]))) swap(chosen());
    form.requestSubmit();
  }, refuse);
});
form.addEventListener("htmx:afterRequest", (event) => {
  if (event.target === form) swapBack();
});
