import { once } from 'node:events';
import { createConnection, createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { dial, closeDescriptor } from '../../../src/sys/dialer.ts';
import { value } from '../../native/support.ts';

/** A server that takes its sockets as they are passed. */
export const SERVER = fileURLToPath(new URL('fixtures/server.cjs', import.meta.url));

/** A process that asks for ports. */
export const ASKER = fileURLToPath(new URL('fixtures/asker.cjs', import.meta.url));

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

export const HOST = '127.0.0.1';

/** A port that was free a moment ago: below those that the kernel gives, so that no client of another test has it next. */
let nextPort = 22_000 + (process.pid % 400) * 20;

export async function freePort(): Promise<number> {
  for (;;) {
    nextPort += 10;
    const server = createServer().on('error', () => undefined);
    server.listen(nextPort, HOST);
    const isFree = await once(server, 'listening').then(
      () => true,
      () => false,
    );
    if (!isFree) continue;
    server.close();
    return nextPort;
  }
}

/** A pool of the ports from that one on. */
export function pool(first: number, count = 4): string {
  return `ports: {pool: ${first}-${first + count - 1}}\n`;
}

/** Sends one line; the answer, and how many descriptors came along. */
export async function ask(
  socket: string,
  line: string,
): Promise<{ readonly answer: string; readonly descriptors: number }> {
  const connection = value(await dial(socket));
  return new Promise((resolve) => {
    let answer = '';
    let count = 0;
    const over = (): void => resolve({ answer: answer.trimEnd(), descriptors: count });
    connection.listen({
      data: (bytes, descriptors) => {
        answer += Buffer.from(bytes).toString();
        count += descriptors.length;
        for (const descriptor of descriptors) closeDescriptor(descriptor);
        if (!answer.endsWith('\n')) return;
        connection.close(true);
        over();
      },
      ended: over,
      gone: over,
      drained: () => undefined,
    });
    connection.write(Buffer.from(`${line}\n`));
  });
}

/**
 * Sends lines, each on a connection of its own, and returns the first line of each answer: Node's sockets take what comes behind
 * descriptors for the end where the other side has closed meanwhile.
 */
export async function askEach(socket: string, ...lines: readonly string[]): Promise<string[]> {
  const answers: string[] = [];
  for (const line of lines) answers.push((await ask(socket, line)).answer);
  return answers;
}
