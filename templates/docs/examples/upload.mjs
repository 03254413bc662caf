// Send a file of yours: node upload.mjs voice.wav
// Needs Node 18 or later, nothing else.
import { readFile } from "node:fs/promises";
import { basename } from "node:path";

const path = process.argv[2];
const file = await readFile(path);
const answer = await fetch("{{ base }}/api/v1/uploads", {
  method: "POST",
  headers: {
    Authorization: `Bearer ${process.env.MUNDWERK_KEY}`,
    "Content-Type": "application/json",
  },
  body: JSON.stringify({
    filename: basename(path),
    contentType: "audio/wav",
    size: file.length,
  }),
});
const ticket = await answer.json();
if (!answer.ok) throw new Error(ticket.error);

const { method, url, headers, fields } = ticket.upload;
let body = file;
if (method === "POST") {
  body = new FormData();
  for (const name in fields) body.append(name, fields[name]);
  body.append("file", new Blob([file]));
}
const sent = await fetch(url, { method, headers, body });
if (!sent.ok) throw new Error(await sent.text());
console.log(ticket.url); // for formState
