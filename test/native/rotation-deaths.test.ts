import { closeSync, existsSync, mkdirSync, readdirSync, readFileSync, writeSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { storedFiles } from '../../src/sys/real/append-file.ts';
import { realOldFiles } from '../../src/sys/real/old-files.ts';
import { realOutput } from '../../src/sys/real/output.ts';
import { keepOld } from './old-rig.ts';
import { Folder, value } from './support.ts';
import { UID } from './way.ts';

const LINES = Array.from({ length: 60 }, (_, index) => `line number ${index}\n`).join('');
const MAX = 200;

/** All that is in a log and what was set aside of it, and what is wrong with that. */
function contentOf(log: string): { readonly text: string; readonly wrong: readonly string[] } {
  const names = readdirSync(`${log}~old`).sort();
  const wrong: string[] = [];
  const old = names.filter((name) => !name.endsWith('~times'));
  const texts = old.map((name) => {
    if (!name.endsWith('.gz')) wrong.push(`${name} is not compressed`);
    if (!names.includes(`${name.slice(0, 8)}~times`)) wrong.push(`${name} has no index`);
    const text = gunzipSync(readFileSync(`${log}~old/${name}`)).toString('latin1');
    if (text.length < MAX || !text.endsWith('\n')) wrong.push(`${name} was set aside too soon: ${text}`);
    return text;
  });
  for (const name of names)
    if (name.endsWith('~times') && !old.some((one) => one.startsWith(name.slice(0, 8))))
      wrong.push(`${name} has no log`);
  return { text: texts.join('') + (existsSync(log) ? readFileSync(log, 'latin1') : ''), wrong };
}

it('wherever the one dies that rotates and compresses, its successor has each byte once and leaves nothing half done', async () => {
  await using folder = await Folder.make();
  const program = await folder.bundle('rotating');
  const library = folder.file('deadly.so');
  const source = new URL('fixtures/deadly.c', import.meta.url).pathname;
  const made = await folder.run('cc', ['-shared', '-fPIC', '-O1', '-o', library, source, '-ldl']);
  expect(made.stderr).toBe('');
  let deaths = 0;
  for (let at = 1; ; at += 1) {
    const log = folder.file(`${at}/log`);
    mkdirSync(folder.file(String(at)));
    const { read, write } = value(realOutput.pipe(UID));
    writeSync(write, LINES);
    const settings = { LD_PRELOAD: library, DEADLY_AT: String(at), DEADLY_IN: folder.file(String(at)) };
    const child = folder.start(
      'env',
      [
        ...Object.entries(settings).map(([name, text]) => `${name}=${text}`),
        process.execPath,
        program,
        log,
        String(MAX),
      ],
      ['ignore', 'inherit', 'inherit', read],
    );
    const [code, signal] = await new Promise<[number | null, string | null]>((resolve) => {
      child.once('close', (...end: [number | null, string | null]) => {
        resolve(end);
      });
    });
    if (signal === null) expect(code).toBe(0);
    else deaths += 1;
    const old = keepOld({ files: storedFiles, oldFiles: realOldFiles }, log);
    const limits = { maxBytes: MAX, drops: false };
    const next = realOutput.copy(read, log, 0o600, () => undefined, { limits, rotated: old.rotated });
    writeSync(write, 'one more\n');
    expect(next.drain()).toBe(true);
    old.resume();
    await new Promise<void>((resolve) => {
      old.whenDone(resolve);
    });
    next.close();
    closeSync(write);
    const { text, wrong } = contentOf(log);
    expect(wrong, `death before call ${at}`).toEqual([]);
    expect(text, `death before call ${at}`).toBe(`${LINES}one more\n`);
    if (signal === null) break;
  }
  /* Each file is made, filled, indexed, set aside, compressed and removed. */
  expect(deaths).toBeGreaterThan(30);
}, 300_000);
