/*
 * Nobody is refused, whoever dies: real servers on ports that are held here, under a client that connects anew all the
 * time. As often as it is meant, with a table of what was counted:
 *
 *   ARCHON_UNREFUSED=full npx vitest run --configLoader runner test/archond/ports/unrefused
 */
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BackgroundSupervisor } from '../../support/background.ts';
import { askAt, TestSupervisor } from '../../support/supervisor.ts';
import { Visitor, type Visits } from '../../support/visitor.ts';
import { House, type Victim } from '../../torture/house.ts';
import { freePort, HOST } from './ports-rig.ts';
import { configOf, isInstalled, SERVERS } from './servers.ts';

const SIZES = {
  full: { restarts: 100, replacements: 20, deaths: 20, keeperDeaths: 5 },
  short: { restarts: 3, replacements: 3, deaths: 2, keeperDeaths: 1 },
} as const;
const SIZE = SIZES[process.env['ARCHON_UNREFUSED'] === 'full' ? 'full' : 'short'];
const TIMEOUT_MS = 1_800_000;
/** Answers between two deeds, so that each is in the midst of them. */
const BETWEEN = 3;

const GRACEFUL = fileURLToPath(new URL('fixtures/graceful.cjs', import.meta.url));

let folder = '';
/** What was counted, a line for each server and what was done to it. */
const table: string[] = [];

beforeAll(() => {
  folder = mkdtempSync(path.join(realpathSync(os.tmpdir()), 'archon-unrefused-'));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
  const head = ['connections', 'answered', 'refused', 'reset', 'failed'].map((name) => name.padStart(12));
  console.log([''.padEnd(60) + head.join(''), ...table].join('\n'));
});

/** What came of the connections while something was done; a line of the table. */
async function during(visitor: Visitor, what: string, deeds: () => Promise<void>): Promise<Visits> {
  const before = visitor.visits;
  await deeds();
  await visitor.untilAnswered(1);
  const after = visitor.visits;
  const names = ['connections', 'answered', 'refused', 'reset', 'failed'] as const;
  const counts = names.map((name) => [name, after[name] - before[name]] as const);
  table.push(what.padEnd(60) + counts.map(([, count]) => String(count).padStart(12)).join(''));
  return Object.fromEntries(counts) as unknown as Visits;
}

const NONE_REFUSED = { refused: 0, failed: 0 };
const NONE_LOST = { ...NONE_REFUSED, reset: 0 };

/** Restarts, and deaths of archond and of the keeper, of which another one is started. */
async function live(name: string, port: number, unit: object): Promise<void> {
  await using house = new House(await TestSupervisor.start({ config: configOf({ web: unit }) }));
  const ask = async (line: string): Promise<string[]> => askAt(house.socket, line);
  expect(await ask('Wait,web,@for=running')).toEqual(['Ok']);
  await using visitor = await Visitor.start(HOST, port, folder);
  const restarted = await during(visitor, `${name}: ${SIZE.restarts} restarts`, async () => {
    for (let round = 0; round < SIZE.restarts; round += 1) {
      expect(await ask('Restart,web')).toEqual(['Done,web,running', 'Ok,1']);
      await visitor.untilAnswered(BETWEEN);
    }
  });
  expect(restarted).toMatchObject(NONE_REFUSED);
  const [unitBefore] = await ask('List,web');
  for (const [victim, deaths] of [
    ['archond', SIZE.deaths],
    ['keeper', SIZE.keeperDeaths],
  ] as const) {
    const died = await during(visitor, `${name}: ${deaths} deaths of ${whom(victim)}`, async () => {
      for (let round = 0; round < deaths; round += 1) {
        await visitor.untilAnswered(BETWEEN);
        expect(await house.kill(victim)).toBe(true);
        await house.overcome();
      }
    });
    expect(died).toMatchObject(NONE_LOST);
  }
  /* The server has noticed nothing, and is restarted as before. */
  expect((await ask('List,web'))[0]?.split(',')[3]).toBe(unitBefore?.split(',')[3]);
  const afterwards = await during(visitor, `${name}: a restart after all that`, async () => {
    expect(await ask('Restart,web')).toEqual(['Done,web,running', 'Ok,1']);
  });
  expect(afterwards).toMatchObject(NONE_REFUSED);
  expect(await visitor.end()).toMatchObject(NONE_REFUSED);
}

function whom(victim: Victim): string {
  return victim === 'keeper' ? 'the keeper' : victim;
}

describe('nobody is refused by', () => {
  const unmodified = SERVERS.filter(({ ready }) => 'http' in ready(0));
  test.each(unmodified.filter(({ program }) => isInstalled(program)))(
    '$name, unmodified (where it is installed), while it is restarted, and archond and the keeper are killed',
    { timeout: TIMEOUT_MS },
    async ({ name, command, ready }) => {
      const port = await freePort();
      const unit = {
        command: command(port, folder),
        ready: ready(port),
        ports: { http: { port, pass: 'bind' } },
      };
      await live(`${name}, by the shim`, port, unit);
    },
  );

  test(
    'a server that takes passed sockets, while it is restarted, and archond and the keeper are killed',
    { timeout: TIMEOUT_MS },
    async () => {
      const port = await freePort();
      const unit = { command: ['node', GRACEFUL], ready: { fd: 4 }, ports: { http: port } };
      await live('a Node server, by LISTEN_FDS', port, unit);
    },
  );
});

test.each([
  { name: 'by LISTEN_FDS', pass: 'fd' },
  { name: 'by the shim', pass: 'bind' },
])(
  'nobody is refused, and nobody who was accepted is let down, by a server that is replaced, $name',
  { timeout: TIMEOUT_MS },
  async ({ name, pass }) => {
    const port = await freePort();
    await using archon = await TestSupervisor.start({
      config: configOf({
        web: {
          command: ['node', GRACEFUL, ...(pass === 'bind' ? [String(port)] : [])],
          ready: { fd: 4 },
          'on-restart': 'replace',
          ports: { http: { port, pass } },
        },
      }),
    });
    expect(await archon.ask('Wait,web,@for=running')).toEqual(['Ok']);
    await using visitor = await Visitor.start(HOST, port, folder);
    const what = `a Node server, ${name}: ${SIZE.replacements} replacements`;
    const replaced = await during(visitor, what, async () => {
      for (let round = 0; round < SIZE.replacements; round += 1) {
        expect(await archon.ask('Restart,web')).toEqual(['Done,web,running', 'Ok,1']);
        await visitor.untilAnswered(BETWEEN);
      }
    });
    expect(replaced).toMatchObject(NONE_LOST);
    expect(await visitor.end()).toMatchObject(NONE_LOST);
  },
);

test(
  'nobody is refused where the keeper dies in the background, and archond becomes the next one',
  { timeout: TIMEOUT_MS },
  async () => {
    const port = await freePort();
    const unit = { command: ['node', GRACEFUL], ready: { fd: 4 }, ports: { http: port } };
    await using archon = await BackgroundSupervisor.start({ config: configOf({ web: unit }) });
    expect(await archon.ask('Wait,web,@for=running')).toEqual(['Ok']);
    await using visitor = await Visitor.start(HOST, port, folder);
    const what = `in the background: ${SIZE.keeperDeaths} deaths of the keeper`;
    const died = await during(visitor, what, async () => {
      for (let round = 0; round < SIZE.keeperDeaths; round += 1) await archon.killKeeper();
    });
    expect(died).toMatchObject(NONE_LOST);
    expect(await archon.ask('Restart,web')).toEqual(['Done,web,running', 'Ok,1']);
    expect(await visitor.end()).toMatchObject(NONE_REFUSED);
  },
);
