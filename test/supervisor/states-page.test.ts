import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { nextRestart, NO_RESTARTS, type RestartHistory } from '../../src/supervisor/backoff.ts';
import { publicState, type End } from '../../src/supervisor/state.ts';
import { restartPolicy } from '../../src/supervisor/unit.ts';
import { answersTo, SITUATIONS, TABLES, unitsIn } from './situations.ts';
import {
  BAD,
  emptied,
  exited,
  GOOD,
  NO_SUCH_FILE,
  notExecuted,
  oneshot,
  probed,
  ready,
  readyDue,
  refused,
  restarting,
  scoped,
  spawned,
  START,
  STOP,
  stopDue,
  Story,
  unhealthy,
} from './units.ts';

const page = readFileSync(new URL('../../docs/states.org', import.meta.url), 'utf8');

/** The table whose first heading is this: for each row, what stands under each heading. */
function table(first: string): Map<string, Map<string, string>> {
  const rows: string[][] = [];
  for (const line of page.slice(page.indexOf(`\n| ${first} `) + 1).split('\n')) {
    if (!line.startsWith('|')) break;
    if (!line.startsWith('|-')) rows.push(line.slice(1, -1).split('|').map(plain));
  }
  const [head = [], ...body] = rows;
  return new Map(
    body.map(([name = '', ...cells]) => [name, new Map(cells.map((cell, at) => [head[at + 1] ?? '', cell]))]),
  );
}

function plain(cell: string): string {
  return cell.trim().replaceAll('=', '');
}

const notes = new Map([...page.matchAll(/^(\d+)\. (.+)$/gm)].map(([, number, why]) => [number, why]));

/** What a cell says: states to which units move, and reasons why they do not. */
function answersIn(cell: string): string[] {
  const answers = cell.split(' ').map((word) => {
    const note = /^(!?)\((\d+)\)$/.exec(word);
    if (note === null) return word;
    return `${note[1] === '!' ? 'impossible' : 'ignore'}: ${notes.get(note[2]) ?? 'no such note'}`;
  });
  return answers.sort();
}

describe('the page of states', () => {
  test('has the states that there are, and what clients see of them', () => {
    const units = Object.keys(SITUATIONS).flatMap(unitsIn);
    const seen = new Map<string, string>(units.map(({ state }) => [state.kind, publicState(state)]));
    const onPage = [...table('state')].map(([state, cells]) => [state, cells.get('clients see')]);
    expect(onPage.sort()).toEqual([...seen].sort());
  });

  test('answers every event in every situation as the code does, cell by cell, both ways', () => {
    for (const [name, columns] of Object.entries(TABLES)) {
      const rows = table(name);
      expect([...rows.keys()], name).toEqual(Object.keys(SITUATIONS));
      for (const [situation, cells] of rows) {
        const units = unitsIn(situation);
        expect(units, situation).not.toEqual([]);
        expect([...cells.keys()]).toEqual(Object.keys(columns));
        for (const [column, cell] of cells)
          expect(answersIn(cell), `${situation}: ${column}`).toEqual(answersTo(units, columns[column] ?? []));
      }
    }
  });

  test('has no note that no cell refers to, and none twice', () => {
    const cells = Object.keys(TABLES).flatMap((first) => [...table(first).values()]);
    const used = cells.flatMap((row) => [...row.values()]).join(' ');
    for (const number of notes.keys()) expect(used).toContain(`(${number})`);
    expect(new Set(notes.values()).size).toBe(notes.size);
  });

  test('has the rungs of the stop ladder in every scope', () => {
    const rungs = ['main', 'mixed', 'tree'] as const;
    const found = rungs.map((scope) => {
      const asked = (): Story => new Story(scoped(scope)).tell(START, spawned(), STOP);
      const whom = (story: Story): string[] =>
        story.effects.flatMap((effect) => {
          if (effect.kind === 'kill') return ['kill tree'];
          if (effect.kind !== 'signal') return [];
          return effect.signal === 9 ? [`kill ${effect.scope}`] : [effect.scope];
        });
      const columns = [asked(), asked().tell(exited(GOOD)), asked().tell(stopDue())].map(whom);
      return [scope, columns.map(([first = 'wait']) => first)];
    });
    expect([...table('scope')].map(([scope, cells]) => [scope, [...cells.values()]])).toEqual(found);
  });

  test('says what comes of every end under every policy of restarts', () => {
    const dies = (end: End) => (story: Story) => story.tell(START, spawned(), exited(end), emptied());
    const ways: Readonly<Record<string, (story: Story) => Story>> = {
      'code 0': dies(GOOD),
      'code 0, of a oneshot': (story) => {
        const { restart } = story.unit.spec;
        return dies(GOOD)(new Story(oneshot({ restart })));
      },
      'another code': dies(BAD),
      'a signal': dies({ kind: 'signalled', signal: 11, core: false }),
      unknown: dies({ kind: 'unknown' }),
      'ENOENT, EACCES, ENOEXEC at exec': dies(NO_SUCH_FILE),
      'another errno or another stage': dies(notExecuted('cwd', 'ENOENT')),
      'the keeper made no process': (story) => story.tell(START, refused(notExecuted('fork', 'EAGAIN'))),
      'not ready in time': (story) => {
        const { restart } = story.unit.spec;
        return new Story(probed({ restart })).tell(START, spawned(), readyDue()).end(GOOD);
      },
      unhealthy: (story) => {
        const { restart } = story.unit.spec;
        return new Story(probed({ restart })).tell(START, spawned(), ready(), unhealthy()).end(GOOD);
      },
    };
    const onPage = table('how it ended');
    expect([...onPage.keys()]).toEqual(Object.keys(ways));
    for (const [way, happen] of Object.entries(ways))
      for (const policy of ['never', 'on-failure', 'always'] as const) {
        const { kind } = happen(new Story(restarting(policy))).state;
        expect(onPage.get(way)?.get(policy), way).toBe(kind === 'starting' ? 'restart' : kind);
      }
  });

  test('has the delays of the restarts worked out, from the first to where they grow no more', () => {
    const policy = restartPolicy('always');
    const worked: string[][] = [];
    let history: RestartHistory = NO_RESTARTS;
    let all = 0;
    for (let restart = 1; restart <= 18; restart++) {
      const delays = [0.5, 0, 1].map((chance) => {
        const next = nextRestart(policy, history, 0, 0, chance);
        return next.kind === 'restart' ? next : { delayMs: NaN, history };
      });
      const [waits = NaN, least = NaN, most = NaN] = delays.map(({ delayMs }) => Math.round(delayMs));
      all += waits;
      history = delays[0]?.history ?? history;
      worked.push([restart, waits, least, most, all].map(String));
    }
    const onPage = [...table('restart')].map(([restart, cells]) => [restart, ...cells.values()]);
    expect(onPage).toEqual(worked.filter(([restart]) => onPage.some(([first]) => first === restart)));
    expect(onPage.slice(0, 8).map(([restart]) => restart)).toEqual(['1', '2', '3', '4', '5', '6', '7', '8']);
    expect(onPage.at(-1)?.[1]).toBe('3600000');
  });
});
