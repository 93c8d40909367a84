/** Strings of the machine are bytes, and so are texts here: one character for each byte, as everywhere that fields of the protocol are. */

/** The bytes of a text whose characters are below 256. */
export function bytesOf(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at += 1) bytes[at] = text.charCodeAt(at);
  return bytes;
}

const CHUNK = 8192;

/** The inverse. */
export function textOf(bytes: Uint8Array): string {
  if (bytes.length <= CHUNK) return String.fromCharCode(...bytes);
  let text = '';
  for (let at = 0; at < bytes.length; at += CHUNK)
    text += String.fromCharCode(...bytes.subarray(at, at + CHUNK));
  return text;
}

const NAMES = new Map<string, Uint8Array>();
/** What events of rules say has names of their own; these must not add up. */
const MOST_NAMES = 1000;

/** `bytesOf` for names of fields and functions: mostly made once each. */
export function nameBytes(name: string): Uint8Array {
  let bytes = NAMES.get(name);
  if (bytes !== undefined) return bytes;
  bytes = bytesOf(name);
  if (NAMES.size < MOST_NAMES) NAMES.set(name, bytes);
  return bytes;
}
