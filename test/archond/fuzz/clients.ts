import { once } from 'node:events';
import { closeSync, constants, openSync } from 'node:fs';
import { createConnection, Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { dial } from '../../../src/sys/dialer.ts';
import type { Connection } from '../../../src/sys/sys.ts';
import type { Chance } from './chance.ts';
import {
  chunks,
  closings,
  conversation,
  faultOf,
  harmless,
  LAST_LINES,
  nextLine,
  type Line,
} from './conversation.ts';
import { validLine } from './lines.ts';
import { expectedOf, type Expected } from './oracle.ts';

/** Where a client finds its supervisor, and what it may use. */
export interface Surroundings {
  readonly socket: string;
  /** Descriptors of processes that are there to be watched and killed; they stay the owner's. */
  readonly victims: readonly number[];
  /** A named pipe that nobody else uses now. */
  readonly fifo: string;
  /** Takes how to find out what this client still waits for; nothing, where it waits no more. */
  readonly waits: (fault?: () => string | undefined) => void;
}

/** Writes all in pieces, hangs up its half, reads to the end. Returns how many lines were answered. */
export async function completeClient(chance: Chance, { socket, waits }: Surroundings): Promise<number> {
  /* Now and then more than may be in flight. */
  const count = 1 + chance.below(chance.onceIn(20) ? 4000 : 300);
  const { text, expected } = conversation(chance, count);
  const connection = createConnection({ path: socket, allowHalfOpen: true });
  const received: string[] = [];
  connection.on('data', (data: Buffer) => received.push(data.toString('latin1')));
  waits(() => faultOf(received.join(''), expected));
  const isLazy = chance.onceIn(4);
  if (isLazy) connection.pause();
  const ended = once(connection, 'end');
  ended.catch(() => undefined);
  for (const chunk of chunks(text, chance)) {
    connection.write(chunk);
    if (chance.onceIn(3)) await turn();
  }
  connection.end();
  for (let turns = chance.below(50); isLazy && turns > 0; turns -= 1) await turn();
  connection.resume();
  await ended;
  waits();
  const fault = faultOf(received.join(''), expected);
  if (fault !== undefined) throw new Error(fault);
  return expected.length;
}

/** Goes away in the middle of a line, a request or a reply. */
export async function vanishingClient(chance: Chance, { socket }: Surroundings): Promise<number> {
  const { text } = conversation(chance, 1 + chance.below(100));
  const part = text.slice(0, chance.below(text.length));
  const connection = createConnection(socket);
  connection.on('error', () => undefined);
  await once(connection, 'connect');
  if (chance.onceIn(2)) connection.pause();
  for (const chunk of chunks(part, chance)) connection.write(chunk);
  for (let turns = chance.below(20); turns > 0; turns -= 1) await turn();
  const closed = once(connection, 'close');
  connection.destroy();
  await closed;
  return part.split('\n').length - 1;
}

/** What is sent in one go, descriptors with it. */
interface Message {
  readonly text: string;
  readonly descriptors: readonly number[];
}

/** Sends descriptors with lines that take them, with others, and with parts of lines. `released` is kept once nobody holds its pipe any more. */
export async function passingClient(
  chance: Chance,
  surroundings: Surroundings,
): Promise<{ readonly lines: number; readonly released: Promise<void> }> {
  const { fifo, socket, victims, waits } = surroundings;
  const input = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
  const output = openSync(fifo, constants.O_WRONLY);
  const reader = new Socket({ fd: input, readable: true, writable: false });
  let written = '';
  reader.on('data', (data: Buffer) => (written += data.toString('latin1')));
  const released = once(reader, 'end');
  const nothing = openSync('/dev/null', 'r+');
  const folder = openSync('/', 'r');
  const kinds: readonly [number, ...number[]] = [output, nothing, folder, ...victims];
  const plan = passing(chance, kinds, [nothing, output, output]);
  let text = '';
  try {
    const dialled = await dial(socket);
    if (!dialled.ok) throw new Error(dialled.error.code);
    text = await exchange(dialled.value, plan, chance, waits);
    const fault = faultOf(text, plan.expected);
    if (fault !== undefined) throw new Error(fault);
  } finally {
    for (const descriptor of [output, nothing, folder]) closeSync(descriptor);
  }
  const check = async (): Promise<void> => {
    waits(() => 'its pipe is still held');
    await released;
    waits();
    const fault = faultOfWritten(text, plan, written);
    if (fault !== undefined) throw new Error(fault);
  };
  return { lines: plan.expected.length, released: check() };
}

interface Plan {
  readonly messages: readonly Message[];
  readonly expected: readonly Expected[];
  /** Whether the supervisor ends the connection after the last answer. */
  readonly isFatal: boolean;
}

function passing(chance: Chance, kinds: readonly [number, ...number[]], standard: readonly number[]): Plan {
  const messages: Message[] = [];
  const expected: Expected[] = [];
  const add = ({ line, expected: wanted }: Line, descriptors: readonly number[] = []): void => {
    expected.push(wanted);
    const cut = chance.onceIn(5) ? chance.below(line.length) : 0;
    const [first, second] = [line.slice(0, cut), `${line.slice(cut)}\n`];
    if (cut === 0) messages.push({ text: second, descriptors });
    else if (chance.onceIn(2)) messages.push({ text: first, descriptors }, { text: second, descriptors: [] });
    else messages.push({ text: first, descriptors: [] }, { text: second, descriptors });
  };
  for (let left = 1 + chance.below(40); left > 0; left -= 1) {
    const some = Array.from({ length: 1 + chance.below(4) }, () => chance.pick(kinds));
    const one = some.slice(0, 1);
    const choice = chance.below(8);
    if (choice < 2) add(harmless(`Run,echo ${MARK}${left}.`, 3), standard);
    else if (choice < 4) add(harmless('MonitorFD,@label=', 1), one);
    else if (choice < 6) add(nextLine(chance));
    else if (choice < 7) add(nextLine(chance, some.length), some);
    else add(harmless(validLine(chance), some.length), some);
  }
  for (const line of LAST_LINES) add(harmless(line, 0));
  const isFatal = chance.onceIn(6);
  if (isFatal) {
    const many = Array.from({ length: 17 + chance.below(200) }, () => chance.pick(kinds));
    /* They belong to the last line that begins in the message. */
    const before = chance.pick(['', 'Version\n', '#1,Run,true\n', 'Run\n', '"\n']);
    messages.push({ text: `${before}Version\n`, descriptors: many });
    if (before !== '') expected.push(expectedOf(before.slice(0, -1), 0));
    expected.push({ tag: undefined, code: 'limit', fields: undefined });
  }
  return { messages, expected, isFatal };
}

const MARK = 'mark-';

/** Sends everything, and returns all that comes back: as many closing replies as there were lines. */
async function exchange(
  connection: Connection,
  { messages, expected, isFatal }: Plan,
  chance: Chance,
  waits: Surroundings['waits'],
): Promise<string> {
  let text = '';
  waits(() => faultOf(text, expected));
  let isGone = false;
  let wake = (): void => undefined;
  connection.listen({
    data: (bytes) => {
      text += Buffer.from(bytes).toString('latin1');
      wake();
    },
    ended: () => {
      isGone = true;
      wake();
    },
    gone: () => {
      isGone = true;
      wake();
    },
    drained: () => undefined,
  });
  const until = async (isSo: () => boolean): Promise<void> => {
    while (!isSo()) {
      if (isGone) return;
      await new Promise<void>((resolve) => (wake = resolve));
    }
  };
  for (const { text: part, descriptors } of messages) {
    connection.write(Buffer.from(part, 'latin1'), descriptors);
    if (chance.onceIn(3)) await turn();
  }
  if (isFatal) {
    await until(() => false);
    return text;
  }
  await until(() => closings(text) >= expected.length);
  connection.close();
  return text;
}

/** What a command that ended well has written must have come through the descriptor that it was given. */
function faultOfWritten(text: string, { expected }: Plan, written: string): string | undefined {
  const lines = text.split('\n').filter((line) => !line.startsWith('#'));
  const closed = lines.filter((line) => /^(?:Ok|Error|ExitStatus)\b/.test(line));
  const plain = expected.filter(({ tag }) => tag === undefined);
  for (const [at, { fields, code }] of plain.entries()) {
    const [, command = ''] = fields ?? [];
    const mark = /^echo (mark-\d+\.)$/.exec(command)?.[1];
    if (mark === undefined || code !== undefined || closed[at] !== 'ExitStatus,0') continue;
    if (!written.includes(`${mark}\n`)) return `${mark} was not written`;
  }
  return undefined;
}
