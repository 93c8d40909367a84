import { expect } from 'vitest';
import type { Result } from '../../../src/base/result.ts';
import type { Keeping, SysError } from '../../../src/sys/sys.ts';
import type { Tester } from './tester.ts';
import { bytes, errorOf, value, type World } from './world.ts';

/** What is written to a pipe comes to a file that is kept so. */
function kept(
  world: World,
  keeping: Keeping,
): { readonly path: string; says: (text: string) => Promise<boolean> } {
  const { read, write } = value(world.sys.output.pipe(process.getuid?.() ?? 0));
  world.own(write);
  const path = `${world.harness.folder}/kept`;
  const copying = world.sys.output.copy(
    read,
    path,
    0o640,
    world.heard(() => expect.fail('it was not kept')),
    keeping,
  );
  world.atEnd(() => copying.close());
  return {
    path,
    says: async (text) => {
      const descriptors = [{ from: write, to: 1 }];
      await world.reached(await world.spawn(world.harness.commands.says(text), { descriptors }), 'empty');
      return copying.drain();
    },
  };
}

function textOf(world: World, path: string): string | undefined {
  const held = world.harness.readFile(path);
  return held === undefined ? undefined : Buffer.from(held).toString('latin1');
}

async function answered<T>(
  world: World,
  start: (done: (result: Result<T, SysError>) => void) => void,
): Promise<Result<T, SysError>> {
  const answers: Result<T, SysError>[] = [];
  start(world.heard((result: Result<T, SysError>) => void answers.push(result)));
  expect(answers).toEqual([]);
  await world.until(() => answers.length > 0, 'it is answered');
  return answers[0] ?? expect.fail('no answer');
}

async function all(world: World, content: AsyncIterable<Result<Uint8Array, SysError>>): Promise<string> {
  const parts: Uint8Array[] = [];
  const reader = { isOver: false };
  const read = async (): Promise<void> => {
    for await (const piece of content) parts.push(value(piece));
    reader.isOver = true;
  };
  const reading = read();
  while (!reader.isOver) {
    await world.harness.turn();
    /* What is read comes by promises. */
    await new Promise((go) => setImmediate(go));
  }
  await reading;
  return Buffer.concat(parts).toString('latin1');
}

/** What becomes of logs that are full, and of old ones. */
export function rotation(test: Tester): void {
  test('a file that has come to its size is set aside at the end of a line, with its index', async (world) => {
    const told: number[] = [];
    const { path, says } = kept(world, {
      limits: { maxBytes: 10, drops: false },
      rotated: world.heard((files: number) => void told.push(files)),
    });
    for (const word of ['one\n', 'two and more\n', 'three\n']) expect(await says(word)).toBe(true);
    await world.until(() => told.length > 0, 'it is told of');
    expect(textOf(world, `${path}~old/00000001`)).toBe('one\ntwo and more\n');
    expect(world.harness.exists(`${path}~old/00000001~times`)).toBe(true);
    expect(textOf(world, path)).toBe('three\n');
    expect(told).toEqual([1]);
  });

  test('the file of a command run once is marked', async (world) => {
    const { path, says } = kept(world, { isOneOff: true });
    await says('once\n');
    expect(world.harness.exists(`${path}~run`)).toBe(true);
  });

  test('a file that is compressed can be read as it was, from any place on, and the other way round', async (world) => {
    const path = `${world.harness.folder}/old`;
    const text = Array.from({ length: 20_000 }, (_, line) => `line ${line}\n`).join('');
    const file = value(world.sys.files.openToAppend(path, 0o600));
    expect(file.write(bytes(text)).error).toBeUndefined();
    file.close();
    const { oldFiles } = world.sys;
    value(await answered<undefined>(world, (done) => oldFiles.compress(path, `${path}.gz`, 0o640, done)));
    expect((textOf(world, `${path}.gz`)?.length ?? 0) < text.length / 3).toBe(true);
    for (const from of [0, 1, 100_001, text.length]) {
      expect((await all(world, oldFiles.content(path, false, from))) === text.slice(from)).toBe(true);
      expect((await all(world, oldFiles.content(`${path}.gz`, true, from))) === text.slice(from)).toBe(true);
    }
    const none = oldFiles.compress.bind(oldFiles, `${path}.none`, `${path}.never`, 0o640);
    expect(errorOf(await answered<undefined>(world, none))).toBe('ENOENT');
  });

  test('a folder is looked into and removed with all that is in it, and none is as good', async (world) => {
    const { folder } = world.harness;
    value(world.sys.files.ensureFolder(`${folder}/full/deeper`, 0o700));
    value(world.sys.files.openToAppend(`${folder}/full/file`, 0o600)).close();
    value(world.sys.files.openToAppend(`${folder}/full/deeper/file`, 0o600)).close();
    const { oldFiles } = world.sys;
    const entries = value(await answered(world, oldFiles.entries.bind(oldFiles, `${folder}/full`)));
    expect([...entries].sort((one, other) => (one.name < other.name ? -1 : 1))).toEqual([
      { name: 'deeper', isFolder: true },
      { name: 'file', isFolder: false },
    ]);
    for (let time = 0; time < 2; time += 1) {
      value(await answered<undefined>(world, oldFiles.discard.bind(oldFiles, `${folder}/full`)));
      expect(world.harness.exists(`${folder}/full/file`)).toBe(false);
    }
    expect(errorOf(await answered(world, oldFiles.entries.bind(oldFiles, `${folder}/full`)))).toBe('ENOENT');
  });
}
