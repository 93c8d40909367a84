import { once } from 'node:events';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { decodeRecord } from '../../src/protocol/record.ts';
import { isTag } from '../../src/protocol/tag.ts';

/** In the place of a line: the connection ends. */
export const HANG_UP = 'hang-up';

/** The lines that answer a request, without tags; `HANG_UP` is none. */
export type Script = (fields: readonly string[]) => readonly string[] | undefined;

/**
 * In place of a supervisor: reads records as any server would and answers them by a script, each line
 * under the tag of its request. What the script answers with `undefined` stays unanswered.
 */
export class Pretended implements AsyncDisposable {
  readonly socket: string;
  /** The requests that came, without tags. */
  readonly requests: string[][] = [];
  readonly #folder: string;
  readonly #server: Server;
  readonly #connections = new Set<Socket>();
  /** Answers what was left unanswered, by the verb of its request; the latest of each. */
  readonly #unanswered = new Map<string, (lines: readonly string[]) => void>();
  #script: Script;

  private constructor(folder: string, script: Script) {
    this.#folder = folder;
    this.socket = path.join(folder, 'archon.sock');
    this.#script = script;
    this.#server = createServer((connection) => {
      this.#serve(connection);
    });
  }

  /** One that listens, unless it is to begin later by `listen`. */
  static async start(script: Script, isListening = true): Promise<Pretended> {
    const folder = await mkdtemp(path.join(await realpath(os.tmpdir()), 'archon-pretended-'));
    const made = new Pretended(folder, script);
    if (isListening) await made.listen();
    return made;
  }

  async listen(): Promise<void> {
    this.#server.listen(this.socket);
    await once(this.#server, 'listening');
  }

  /** From the next request on. */
  answerBy(script: Script): void {
    this.#script = script;
  }

  /** Answers the latest request of this verb that the script left unanswered. */
  release(verb: string, lines: readonly string[]): void {
    const answer = this.#unanswered.get(verb);
    if (answer === undefined) throw new Error(`no ${verb} waits for an answer`);
    this.#unanswered.delete(verb);
    answer(lines);
  }

  #serve(connection: Socket): void {
    this.#connections.add(connection);
    let rest = '';
    connection.setEncoding('latin1');
    connection.on('error', () => undefined);
    connection.on('close', () => this.#connections.delete(connection));
    connection.on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.#answer(connection, line);
    });
  }

  #answer(connection: Socket, line: string): void {
    const record = decodeRecord(Buffer.from(line, 'latin1'));
    const fields: readonly string[] = record.ok ? record.value : [line];
    const [tag = ''] = fields;
    const isTagged = isTag(tag);
    const request = isTagged ? fields.slice(1) : [...fields];
    this.requests.push(request);
    const answer = (lines: readonly string[]): void => {
      for (const one of lines) {
        if (one === HANG_UP) connection.destroySoon();
        else connection.write(`${isTagged ? `${tag},` : ''}${one}\n`, 'latin1');
      }
    };
    const lines = this.#script(request);
    if (lines === undefined) this.#unanswered.set(request[0] ?? '', answer);
    else answer(lines);
  }

  /** Hangs up on all and is no longer there, nor is its socket. */
  async disappear(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const connection of this.#connections) connection.destroy();
    await closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.disappear();
    await rm(this.#folder, { recursive: true });
  }
}

/** A script by verbs; what is not in it is `unknown-verb`. */
export function byVerb(answers: Readonly<Record<string, readonly string[]>>): Script {
  return ([verb = '']) => answers[verb] ?? [`Error,there is no ${verb},unknown-verb`];
}
