import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as layout from '../../src/sys/keeper-layout.ts';
import { EXEC_STAGES } from '../../src/sys/sys.ts';
import { Folder } from '../native/support.ts';

const NATIVE = fileURLToPath(new URL('../../native', import.meta.url));

/** The structure of wire.h behind each table of offsets; keys in capitals are checked by name below. */
const STRUCTURES: readonly [struct: string, table: Readonly<Record<string, number | string>>][] = [
  ['table_header', layout.TABLE],
  ['table_entry', layout.ENTRY],
  ['ring_record', layout.RECORD],
  ['spawn_block', layout.BLOCK],
  ['message_header', layout.MESSAGE],
  ['ask_hello', layout.HELLO],
  ['ask_spawn', layout.ASK_SPAWN],
  ['ask_signal', layout.ASK_SIGNAL],
  ['ask_entry', layout.ASK_ENTRY],
  ['ask_name', layout.NAMED],
  ['ask_signal_done', layout.ASK_SIGNAL_DONE],
  ['ask_quit', layout.ASK_QUIT],
  ['tell_welcome', layout.WELCOME],
  ['tell_spawned', layout.SPAWNED],
  ['tell_done', layout.DONE],
  ['tell_refused', layout.REFUSED],
  ['tell_process', layout.TELL_PROCESS],
  ['tell_orphan', layout.TELL_ORPHAN],
  ['tell_signal', layout.TELL_SIGNAL],
];

/** Words that C and TypeScript write differently. */
const RENAMED: Readonly<Record<string, string>> = {
  tags: 'tag',
  'spawn_block.umask': 'umask',
};

/** Numbers of wire.h by their names there. */
const NUMBERS: Readonly<Record<string, number>> = {
  TABLE_VERSION: layout.TABLE.VERSION,
  TABLE_ENTRIES: layout.TABLE.ENTRIES,
  TABLE_LABEL_BYTES: layout.TABLE.LABEL_BYTES,
  TABLE_RING: layout.TABLE.RING,
  'sizeof(struct table_entry)': layout.ENTRY.BYTES,
  'sizeof(struct ring_record)': layout.RECORD.BYTES,
  FACT_MINDER_LOST: layout.FACT_MINDER_LOST,
  KNOWS_LIMITS: layout.KNOWS_LIMITS,
  ENTRY_FREE: layout.STATE_NUMBERS.free,
  ENTRY_STARTING: layout.STATE_NUMBERS.starting,
  ENTRY_RUNNING: layout.STATE_NUMBERS.running,
  ENTRY_EXITED: layout.STATE_NUMBERS.exited,
  ENTRY_EMPTY: layout.STATE_NUMBERS.empty,
  TREE_ANY: layout.TREE_NUMBERS.any,
  TREE_CGROUP: layout.TREE_NUMBERS.cgroup,
  TREE_MINDER: layout.TREE_NUMBERS.minder,
  CLD_EXITED: layout.EXIT_KIND.exited,
  CLD_KILLED: layout.EXIT_KIND.killed,
  CLD_DUMPED: layout.EXIT_KIND.dumped,
  BLOCK_MAGIC: layout.BLOCK.MAGIC,
  BLOCK_MAX_BYTES: layout.BLOCK.MAX_BYTES,
  BLOCK_MAX_FDS: layout.BLOCK.MAX_FDS,
  BLOCK_MAX_FD_NUMBER: layout.BLOCK.MAX_FD_NUMBER,
  'sizeof(struct spawn_block)': layout.BLOCK.HEAD_BYTES,
  'sizeof(struct spawn_rlimit)': layout.BLOCK.RLIMIT_BYTES,
  SPAWN_SESSION: layout.BLOCK.SESSION,
  SPAWN_USER: layout.BLOCK.USER,
  SPAWN_GROUPS: layout.BLOCK.GROUPS,
  SPAWN_UMASK: layout.BLOCK.UMASK,
  SPAWN_NICE: layout.BLOCK.NICE,
  SPAWN_OOM: layout.BLOCK.OOM,
  SPAWN_NO_NEW_PRIVS: layout.BLOCK.NO_NEW_PRIVS,
  SPAWN_TTY: layout.BLOCK.TTY,
  SPAWN_CWD: layout.BLOCK.CWD,
  SPAWN_LISTEN_PID: layout.BLOCK.LISTEN_PID,
  MESSAGE_VERSION: layout.MESSAGE.VERSION,
  MESSAGE_MAX_BYTES: layout.MESSAGE.MAX_BYTES,
  REQUEST_MAX_BYTES: layout.MESSAGE.REQUEST_MAX_BYTES,
  MESSAGE_MAX_FDS: layout.MESSAGE.MAX_FDS,
  NAME_MAX_BYTES: layout.MESSAGE.NAME_MAX_BYTES,
  'sizeof(struct message_header)': layout.MESSAGE.HEAD_BYTES,
  SCOPE_MAIN: 0,
  SCOPE_GROUP: 1,
  SCOPE_TREE: 2,
};

const isOffset = (key: string): boolean => /^[a-z]/.test(key);
const isMessage = (key: string): boolean => /^(ASK|TELL)_/.test(key);
const inC = (struct: string, key: string): string =>
  RENAMED[`${struct}.${key}`] ??
  RENAMED[key] ??
  key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** What the compiler makes of an expression, for each of them. */
async function compiled(folder: Folder, expressions: readonly string[]): Promise<Map<string, number>> {
  const lines = expressions.map((text) => `printf("%lld\\n", (long long)(${text}));`);
  const includes = '#include <signal.h>\n#include <stddef.h>\n#include <stdio.h>\n#include "keeper/wire.h"\n';
  writeFileSync(folder.file('numbers.c'), `${includes}int main(void) {\n${lines.join('\n')}\n}\n`);
  const program = folder.file('numbers');
  const built = await folder.run('cc', [`-I${NATIVE}`, folder.file('numbers.c'), '-o', program]);
  expect(built.stderr).toBe('');
  const { stdout } = await folder.run(program, []);
  const numbers = stdout.trimEnd().split('\n').map(Number);
  return new Map(expressions.map((text, i) => [text, numbers[i] ?? NaN]));
}

describe('the layout', () => {
  let folder: Folder;
  let numbers: Map<string, number>;
  const expected = new Map<string, number>();

  beforeAll(async () => {
    folder = await Folder.make();
    for (const [struct, table] of STRUCTURES) {
      for (const [key, number] of Object.entries(table)) {
        if (isOffset(key)) expected.set(`offsetof(struct ${struct}, ${inC(struct, key)})`, Number(number));
        if (key === 'BYTES') expected.set(`sizeof(struct ${struct})`, Number(number));
      }
    }
    for (const [name, number] of Object.entries(NUMBERS)) expected.set(name, number);
    for (const [key, number] of Object.entries(layout.MESSAGE)) if (isMessage(key)) expected.set(key, number);
    EXEC_STAGES.forEach((stage, i) => expected.set(`STAGE_${stage.toUpperCase()}`, i + 1));
    numbers = await compiled(folder, [...expected.keys()]);
  });

  afterAll(() => folder[Symbol.asyncDispose]());

  it('has every offset, size and number where the C compiler has it', () => {
    expect(Object.fromEntries(numbers)).toEqual(Object.fromEntries(expected));
  });

  it('checks each number of the tables: none is left out above', () => {
    const named = new Set([...Object.values(NUMBERS), 0]);
    for (const [struct, table] of STRUCTURES) {
      for (const [key, number] of Object.entries(table)) {
        const isChecked = isOffset(key) || key === 'BYTES' || isMessage(key) || typeof number === 'string';
        expect(isChecked || named.has(number), `${struct}.${key}`).toBe(true);
      }
    }
  });

  it('knows every message that the keeper carries out or tells', () => {
    const text = readFileSync(`${NATIVE}/keeper/wire.h`, 'utf8');
    const lines = text.split('\n').filter((line) => /^\s+(ASK|TELL)_\w+ = \d+/.test(line));
    const now = lines.filter((line) => !line.includes('/* later'));
    expect(now.map((line) => /(ASK|TELL)_\w+/.exec(line)?.[0]).sort()).toEqual(
      Object.keys(layout.MESSAGE).filter(isMessage).sort(),
    );
  });

  it('begins with the same magic word', () => {
    expect(readFileSync(`${NATIVE}/keeper/wire.h`, 'utf8')).toContain(`"${layout.TABLE.MAGIC}"`);
  });
});
