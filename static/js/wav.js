// Sound as a WAV file, whose length every program knows.

const HEADER_BYTES = 44;
const RATE_HZ = 48000; // of what is cut out

/** A File of 16-bit PCM; `channels` are Float32Arrays of the same length. */
export function wavFile(channels, rateHz, name) {
  const [first] = channels;
  const frame = 2 * channels.length;
  const bytes = new DataView(new ArrayBuffer(HEADER_BYTES + frame * first.length));
  const text = (at, word) => [...word].forEach((letter, i) => bytes.setUint8(at + i, letter.charCodeAt(0)));
  text(0, "RIFF");
  bytes.setUint32(4, bytes.byteLength - 8, true);
  text(8, "WAVEfmt ");
  bytes.setUint32(16, 16, true);
  bytes.setUint16(20, 1, true); // PCM
  bytes.setUint16(22, channels.length, true);
  bytes.setUint32(24, rateHz, true);
  bytes.setUint32(28, frame * rateHz, true);
  bytes.setUint16(32, frame, true);
  bytes.setUint16(34, 16, true);
  text(36, "data");
  bytes.setUint32(40, frame * first.length, true);
  const samples = new Int16Array(bytes.buffer, HEADER_BYTES); // every machine with a browser is little-endian
  for (const [channel, values] of channels.entries()) {
    for (let i = 0; i < values.length; i++) {
      samples[channel + i * channels.length] = Math.max(-1, Math.min(1, values[i])) * 32767;
    }
  }
  return new File([bytes.buffer], name, { type: "audio/wav" });
}

/** The sound in a Blob or at an address from second `begin` to `end`, as a WAV file called after it. */
export async function cutOut(source, begin, end, name) {
  const blob = typeof source === "string" ? await (await fetch(source)).blob() : source;
  const sound = await new OfflineAudioContext(1, 1, RATE_HZ).decodeAudioData(await blob.arrayBuffer());
  const [from, to] = [begin, end].map((seconds) => Math.round(seconds * sound.sampleRate));
  const count = Math.min(sound.numberOfChannels, 2);
  const channels = Array.from({ length: count }, (_, i) => sound.getChannelData(i).subarray(from, to));
  return wavFile(channels, sound.sampleRate, `${name.replace(/\.[^.]*$/, "")}.wav`);
}
