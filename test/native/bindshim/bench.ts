import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Folder, type Ended } from '../support.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const FIXTURES = fileURLToPath(new URL('fixtures', import.meta.url));
const FLAGS = ['-std=gnu11', '-O1', '-g', '-Wall', '-Wextra', '-Werror'];
/** The shim's sources, for programs that have it in themselves. */
const SHIM_SOURCES = ['bindshim.c', 'bindshim/ask.c', 'bindshim/options.c', 'bindshim/replace.c'].map(
  (file) => path.join(ROOT, 'native', file),
);

/** The library as it is installed. */
export const SHIM = path.join(ROOT, 'build/native/bindshim.so');

/** How a program gets its socket; see fixtures/holder.c. */
export type Mode =
  'plain' | 'inherited' | 'asked' | 'denied' | 'silent' | 'dying' | 'wrong' | 'pair' | 'nobody';

/** Which socket is held. */
export type Kind = 'v4' | 'v6' | 'dual' | 'udp' | 'group';

/** A folder with a program that holds a socket, and those that want it. */
export class ShimBench implements AsyncDisposable {
  readonly #folder: Folder;
  /** Preloaded; empty where the programs have it in themselves. */
  readonly #shim: string;
  #runs = 0;

  private constructor(folder: Folder, shim: string) {
    this.#folder = folder;
    this.#shim = shim;
  }

  /** Compiles the programs. @param flags with these, and in each of them the shim, which waits longer */
  static async make(programs: readonly string[], flags?: readonly string[]): Promise<ShimBench> {
    const bench = new ShimBench(await Folder.make(), flags === undefined ? SHIM : '');
    await bench.#compile('holder', []);
    const within =
      flags === undefined ? [] : [...flags, '-DPATIENCE_MS=60000', `-I${ROOT}/native`, ...SHIM_SOURCES];
    await Promise.all(programs.map(async (name) => bench.#compile(name, within)));
    return bench;
  }

  async #compile(name: string, more: readonly string[]): Promise<void> {
    await this.compile([`${FIXTURES}/${name}.c`, ...more, '-lpthread', '-o', this.file(name)]);
  }

  /** Runs the compiler with the warnings of all fixtures. */
  async compile(words: readonly string[]): Promise<void> {
    const { code, stderr } = await this.#folder.run('cc', [...FLAGS, ...words]);
    if (code !== 0) throw new Error(stderr);
  }

  file(name: string): string {
    return this.#folder.file(name);
  }

  /** Runs a command whose bind is to get a socket, or not; the last line of what it says is in `stderr`. */
  async run(mode: Mode, kind: Kind, command: readonly string[]): Promise<Ended> {
    const place = this.file(`run-${(this.#runs += 1)}`);
    const settings = [`FOLDER=${place}`, `SHIM=${this.#shim}`];
    const words = [...settings, this.file('holder'), mode, kind, ...command];
    return this.#folder.run('sh', ['-c', 'mkdir "$0" && exec env "$@"', place, ...words]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#folder[Symbol.asyncDispose]();
  }
}
