// What a file is, as far as its first bytes tell for certain.

const LOOKED_AT_BYTES = 4096;
const TAB = 9;
const CARRIAGE_RETURN = 13;
const ESCAPE = 27;
const SPACE = 32;

/** Whether it is plain text, whatever it is called: neither a picture nor a sound nor a video. */
export async function isText(file) {
  const bytes = new Uint8Array(await file.slice(0, LOOKED_AT_BYTES).arrayBuffer());
  if (bytes.some((byte) => byte < SPACE && byte !== ESCAPE && (byte < TAB || byte > CARRIAGE_RETURN))) return false;
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true }); // a letter may be cut at the end
    return bytes.length > 0;
  } catch {
    return false;
  }
}
