// Receive webhooks and verify them. Needs express: npm install express
import { createHmac, timingSafeEqual } from "node:crypto";
import express from "express";

const secret = Buffer.from(
  process.env.MUNDWERK_WEBHOOK_SECRET.replace(/^whsec_/, ""),
  "base64",
);
const TOLERANCE_SECONDS = 300;

function isGenuine(req) {
  const timestamp = req.get("webhook-timestamp") ?? "";
  const age = Math.abs(Date.now() / 1000 - Number(timestamp));
  if (!/^\d+$/.test(timestamp) || age > TOLERANCE_SECONDS) return false;
  const expected = Buffer.from(
    "v1," +
      createHmac("sha256", secret)
        .update(`${req.get("webhook-id")}.${timestamp}.`)
        .update(req.body)
        .digest("base64"),
  );
  // After a rotation there are two signatures; one that fits is enough.
  return (req.get("webhook-signature") ?? "").split(" ").some((one) => {
    const given = Buffer.from(one);
    return given.length === expected.length && timingSafeEqual(given, expected);
  });
}

const app = express();

// The signature is over the bytes as they were sent: parse them afterwards.
app.post("/", express.raw({ type: () => true, limit: "1mb" }), (req, res) => {
  if (!Buffer.isBuffer(req.body) || !isGenuine(req)) return res.sendStatus(401);
  const { id, status, output, error } = JSON.parse(req.body);
  console.log(id, status, output ?? error);
  res.sendStatus(204);
});

app.listen(3000);
