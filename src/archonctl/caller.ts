import { fieldOf, fieldOfText } from '../protocol/bytes.ts';
import { ownBytes } from '../sys/dialer.ts';

/** What U+FFFD in a text says: Node has put it in the place of bytes that are no UTF-8. */
const LOST = '\uFFFD';

/** What called archonctl gave it: as fields, which hold any bytes. */
export interface Caller {
  readonly uid: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The words behind the program's name. */
  words(): readonly string[];
  /** `NAME=value` of the whole environment. */
  environment(): readonly string[];
  /** The present folder; undefined where it has been removed. */
  folder(): string | undefined;
}

/** The caller of this process. Bytes are asked for only where Node's text has lost some. */
export const realCaller: Caller = {
  get uid() {
    return process.getuid?.() ?? 0;
  },
  get env() {
    return process.env;
  },
  words() {
    return exactly('arguments', process.argv.slice(2));
  },
  environment() {
    return exactly(
      'environment',
      Object.entries(process.env).map(([name, value = '']) => `${name}=${value}`),
    );
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

/** The texts as fields; where they have lost bytes, as many from the end of what the kernel has. */
function exactly(what: 'arguments' | 'environment', texts: readonly string[]): readonly string[] {
  const bytes = texts.some((text) => text.includes(LOST)) ? ownBytes(what) : undefined;
  if (bytes?.ok !== true) return texts.map(fieldOfText);
  /* Each is ended by NUL, the last one too. */
  return fieldOf(bytes.value).split('\0').slice(0, -1).slice(-texts.length);
}
