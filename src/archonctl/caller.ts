import { fieldOf, fieldOfText } from '../protocol/bytes.ts';
import { ownBytes } from '../sys/dialer.ts';

/** What U+FFFD in a text says: Node has put it in the place of bytes that are no UTF-8. */
const LOST = '\uFFFD';

/** What called archonctl gave it: as fields, which hold any bytes. */
export interface Caller {
  readonly uid: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `NAME=value` of the whole environment. */
  environment(): readonly string[];
  /** The words at the end of the command line, `texts` being what Node made of them. */
  words(texts: readonly string[]): readonly string[];
  /** The present folder, without a final slash; undefined where it has been removed. */
  folder(): string | undefined;
}

/** The caller of this process. Bytes are asked for only where a text may have lost some. */
export const realCaller: Caller = {
  get uid() {
    return process.getuid?.() ?? 0;
  },
  get env() {
    return process.env;
  },
  environment() {
    const pairs = Object.entries(process.env).map(([name, value = '']) => `${name}=${value}`);
    if (!pairs.some((pair) => pair.includes(LOST))) return pairs.map(fieldOfText);
    return strings('environment') ?? pairs.map(fieldOfText);
  },
  words(texts) {
    const fields = texts.map(fieldOfText);
    if (texts.length === 0 || !texts.some((text) => text.includes(LOST))) return fields;
    return strings('arguments')?.slice(-texts.length) ?? fields;
  },
  folder() {
    let text: string;
    try {
      text = process.cwd();
    } catch {
      return undefined;
    }
    if (!text.includes(LOST)) return fieldOfText(text);
    const bytes = ownBytes('folder');
    return bytes.ok ? fieldOf(bytes.value) : undefined;
  },
};

function strings(what: 'arguments' | 'environment'): string[] | undefined {
  const bytes = ownBytes(what);
  /* Each is ended by NUL, the last one too. */
  return bytes.ok ? fieldOf(bytes.value).split('\0').slice(0, -1) : undefined;
}
