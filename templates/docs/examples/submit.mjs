// Submit, wait, download. Needs Node 18 or later, nothing else.
import { writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

const BASE_URL = "{{ base }}/api/v1";
const headers = {
  Authorization: `Bearer ${process.env.MUNDWERK_KEY}`,
  "Content-Type": "application/json",
};

async function call(path, options) {
  const answer = await fetch(BASE_URL + path, { headers, ...options });
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.error);
  return body;
}

const formState = {
  image: "{{ base }}/samples/face.jpg",
  audio: "{{ base }}/samples/voice.wav",
  resolution: "720p",
};
let job = await call("/lipsync-image", {
  method: "POST",
  body: JSON.stringify({ formState }),
});
console.log("Job", job.id);

while (job.status === "processing") {
  await sleep(5000);
  job = await call(`/jobs/${job.id}`);
}

if (job.status === "failed") throw new Error(job.error);
const video = await fetch(job.output);
await writeFile("result.mp4", Buffer.from(await video.arrayBuffer()));
console.log("result.mp4");
