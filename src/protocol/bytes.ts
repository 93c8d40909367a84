/**
 * How a field is held in memory: as a string in which each character is one byte, 0x01 to 0xFF (a
 * "binary string"). Nearly all fields are ASCII, for which that is the text itself; comparing, looking
 * up and concatenating cost what they cost for strings, and any other byte passes through unchanged.
 * Whoever wants a text for people, or has one, converts it with `textOf` and `fieldOfText`.
 */
let decoder: InstanceType<typeof TextDecoder> | undefined;
let encoder: InstanceType<typeof TextEncoder> | undefined;

/** Made when they are first needed: making them takes longer than most texts. */
const utf8 = (): InstanceType<typeof TextDecoder> => (decoder ??= new TextDecoder());
const utf8Encoder = (): InstanceType<typeof TextEncoder> => (encoder ??= new TextEncoder());

/** Beneath this length the call of a TextDecoder costs more than the characters. */
const SHORT_BYTES = 24;

/** More arguments than this could pass the limit of a call. */
const ARGUMENTS = 8192;

/** The bytes of a field. Characters above 0xFF do not occur in fields and lose their upper byte. */
export function bytesOf(field: string): Uint8Array {
  const bytes = new Uint8Array(field.length);
  for (let at = 0; at < field.length; at += 1) bytes[at] = field.charCodeAt(at);
  return bytes;
}

/** The field of any bytes. */
export function fieldOf(bytes: Uint8Array): string {
  let field = '';
  for (let at = 0; at < bytes.length; at += ARGUMENTS)
    field += fromCharacterCodes(bytes.subarray(at, at + ARGUMENTS));
  return field;
}

/** The field of bytes `from` to `to` (excluded), which must be ASCII; faster than `fieldOf`. */
export function fieldOfAscii(bytes: Uint8Array, from: number, to: number): string {
  const part = bytes.subarray(from, to);
  return part.length < SHORT_BYTES ? fromCharacterCodes(part) : utf8().decode(part);
}

/** The text of a field that is UTF-8; bytes that are not become U+FFFD. For people and JSON, never for going on with. */
export function textOf(field: string): string {
  return isAscii(field) ? field : utf8().decode(bytesOf(field));
}

/** The field of a text: its bytes in UTF-8. */
export function fieldOfText(text: string): string {
  return isAscii(text) ? text : fieldOf(utf8Encoder().encode(text));
}

function isAscii(text: string): boolean {
  // eslint-disable-next-line no-control-regex -- control characters are the point of the range
  return /^[\x00-\x7f]*$/.test(text);
}

function fromCharacterCodes(bytes: Uint8Array): string {
  // `apply` takes any array-like; spreading a typed array goes through its iterator and is ten times slower.
  return String.fromCharCode.apply(null, bytes as unknown as number[]);
}
