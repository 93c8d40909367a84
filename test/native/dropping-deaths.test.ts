import {
  closeSync,
  existsSync,
  mkdirSync,
  readFileSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { expect, it } from 'vitest';
import { realOutput } from '../../src/sys/real/output.ts';
import type { Missing } from '../../src/sys/sys.ts';
import { eachTestOwns } from './own-folder.ts';
import { type Folder, until, value } from './support.ts';
import { UID } from './way.ts';

let folder: Folder;
eachTestOwns((made) => (folder = made));

const LINES = Array.from({ length: 60 }, (_, index) => `line number ${index}\n`).join('');
/** The largest file that the one who drops may write, and what is left of that in the log. */
const LIMIT = 1 << 20;
const ROOM = 105;
const NOTE = /\[archon\] (\d+) bytes \((\d+) lines\) are missing here: EFBIG\n/;

it('wherever the one dies that drops, its successor has the count to the byte and tells of it once', async () => {
  const program = await folder.bundle('dropping');
  const library = folder.file('deadly.so');
  const source = new URL('fixtures/deadly.c', import.meta.url).pathname;
  const made = await folder.run('cc', ['-shared', '-fPIC', '-O1', '-o', library, source, '-ldl']);
  expect(made.stderr).toBe('');
  let deaths = 0;
  for (let at = 1; ; at += 1) {
    const own = folder.file(String(at));
    mkdirSync(own);
    const log = `${own}/log`;
    writeFileSync(log, '');
    truncateSync(log, LIMIT - ROOM - 1);
    writeFileSync(log, '\n', { flag: 'a' });
    const { read, write } = value(realOutput.pipe(UID));
    const tally = value(realOutput.tally());
    writeSync(write, LINES);
    const settings = [`LD_PRELOAD=${library}`, `DEADLY_AT=${at}`, `DEADLY_IN=${own}`, 'DEADLY_WRITES=1'];
    const child = folder.start(
      'prlimit',
      [`--fsize=${LIMIT}`, 'env', ...settings, process.execPath, program, log],
      ['ignore', 'pipe', 'inherit', read, tally],
    );
    let told = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (told += text));
    const signal = await new Promise<string | null>((resolve) => {
      child.once('close', (code: number | null, by: string | null) => {
        if (by === null) expect(code).toBe(0);
        resolve(by);
      });
    });
    if (signal !== null) deaths += 1;
    const missing: Missing[] = told
      .split('\n')
      .slice(0, -1)
      .map((line) => line.split(' ').map(Number))
      .map(([bytes = 0, lines = 0]) => ({ bytes, lines }));
    const where = `death before call ${at}`;
    const keeping = {
      limits: { maxBytes: 0, drops: true },
      dropped: (what: Missing) => missing.push(what),
    };
    const next = realOutput.copy(read, log, 0o600, () => undefined, keeping);
    value(next.count(tally));
    writeSync(write, 'after\n');
    expect(next.drain(), where).toBe(true);
    const kept = readFileSync(existsSync(`${log}.full`) ? `${log}.full` : log, 'latin1').slice(LIMIT - ROOM);
    const all = existsSync(`${log}.full`) ? kept + readFileSync(log, 'latin1') : kept;
    const note = NOTE.exec(all);
    if (note !== null) await until(() => missing.length > 0);
    next.close();
    closeSync(write);
    closeSync(tally);
    const [whole = '', bytes = '0', lines = '0'] = note ?? [];
    expect(missing, where).toEqual(note === null ? [] : [{ bytes: Number(bytes), lines: Number(lines) }]);
    expect(all.split('[archon]').length - 1, `${where}: ${all.slice(0, 600)}`).toBe(note === null ? 0 : 1);
    /* A line that was cut is ended before the note. */
    const [before = '', after = ''] = note === null ? [all] : all.split(whole);
    const cut = note === null || LINES.startsWith(before) ? before : before.replace(/\n$/, '');
    expect(`${LINES}after\n`.startsWith(cut), `${where}: ${all}`).toBe(true);
    expect(cut.length + Number(bytes) + after.length, where).toBe(LINES.length + 'after\n'.length);
    expect(all.endsWith('after\n'), where).toBe(true);
    if (note !== null) {
      const gone = LINES.slice(cut.length, cut.length + Number(bytes));
      expect(Number(lines), where).toBe(gone.split('\n').length - (gone.endsWith('\n') ? 1 : 0));
    }
    if (signal === null) {
      expect(Number(bytes)).toBeGreaterThan(500);
      break;
    }
  }
  /* The log is filled, what is left is dropped, another log is made, and the line written to it. */
  expect(deaths).toBeGreaterThan(10);
});
