// A client as the published API page shows one: express for the webhook, node-fetch for the submission.
import fetch from "node-fetch";
import express from "express";

const { BASE_URL, API_KEY, MEDIA, PORT } = process.env;
const app = express();
app.use(express.json());

app.post("/webhooks/lipsync", (req, res) => {
  const { id, status, output, error, model } = req.body;
  console.log("Job ID:", id);
  console.log("Model:", model);
  console.log("Status:", status);
  if (status === "completed") console.log("Video URL:", output);
  else console.error("Error:", error);
  res.status(200).json({ received: true });
});

app.listen(PORT, async () => {
  const res = await fetch(`${BASE_URL}/lipsync-image`, {
    method: "POST",
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${API_KEY}` },
    body: JSON.stringify({
      webhook: `http://localhost:${PORT}/webhooks/lipsync`,
      formState: { image: `${MEDIA}/samples/face.jpg`, audio: `${MEDIA}/samples/voice.wav`, resolution: "720p" },
    }),
  });
  const data = await res.json();
  console.log("Job submitted:", data.id ?? JSON.stringify(data));
});
