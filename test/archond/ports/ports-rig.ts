import { createConnection } from 'node:net';
import { fileURLToPath } from 'node:url';

/** A server that takes its sockets as they are passed. */
export const SERVER = fileURLToPath(new URL('fixtures/server.cjs', import.meta.url));

/** What that server answers. */
export interface Facts {
  readonly pid: number;
  /** Of the port that it was reached by. */
  readonly name: string;
  /** Its settings `PORT_…`. */
  readonly told: Readonly<Record<string, string>>;
  readonly words: readonly string[];
}

/** Connects anew, and returns all that is answered until the end; rejects where that is refused or reset. */
export async function answerOf(
  where: { readonly host: string; readonly port: number } | { readonly path: string },
): Promise<string> {
  const socket = createConnection(where);
  let text = '';
  for await (const part of socket.setEncoding('utf8')) text += String(part);
  return text;
}

export async function factsOf(where: Parameters<typeof answerOf>[0]): Promise<Facts> {
  return JSON.parse(await answerOf(where)) as Facts;
}
