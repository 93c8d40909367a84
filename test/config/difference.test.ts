import { describe, expect, it } from 'vitest';
import { differenceOf, type UnitChange } from '../../src/config/difference.ts';
import { unit as schema } from '../../src/config/schema/unit.ts';
import { FILE, fileOf, load } from './rig.ts';

/** What becomes of `web` when its keys do. */
async function change(before: string, after: string): Promise<UnitChange | undefined> {
  const { units } = differenceOf(await load(fileOf(before)), await load(fileOf(after)));
  return units.find(({ label }) => label === 'web');
}

const units = (...labels: readonly string[]): string =>
  `units:\n${labels.map((label) => `  ${label}: {command: "true"}\n`).join('')}`;

/** Each key of a unit with a value that is not its default, and whether another process is needed for it. */
const KEYS: Readonly<Record<string, readonly [text: string, needs: 'restart' | 'nothing', beside?: string]>> =
  {
    command: ['command: sleep 5', 'restart'],
    script: ['script: "echo hello"', 'restart'],
    type: ['type: oneshot', 'restart'],
    description: ['description: a server', 'nothing'],
    enabled: ['enabled: false', 'nothing'],
    env: ['env: {A: b}', 'restart'],
    'env-file': ['env-file: /etc/default/web', 'restart'],
    'clean-env': ['clean-env: true', 'restart'],
    cwd: ['cwd: /srv', 'restart'],
    user: ['user: www', 'restart'],
    group: ['group: www', 'restart'],
    groups: ['groups: [users]', 'restart'],
    umask: ['umask: 027', 'restart'],
    nice: ['nice: 5', 'restart'],
    'oom-score-adjust': ['oom-score-adjust: 5', 'restart'],
    'no-new-privileges': ['no-new-privileges: true', 'restart'],
    rlimits: ['rlimits: {nofile: 64}', 'restart'],
    tty: ['tty: /dev/ttyS0', 'restart'],
    needs: ['needs: [db]', 'nothing'],
    wants: ['wants: [db]', 'nothing'],
    after: ['after: [db]', 'nothing'],
    before: ['before: [db]', 'nothing'],
    'stop-after': ['stop-after: [db]', 'nothing'],
    'stop-before': ['stop-before: [db]', 'nothing'],
    conflicts: ['conflicts: [db]', 'nothing'],
    ready: ['ready: {tcp: 80}', 'nothing'],
    health: ['health: {tcp: 80}', 'nothing'],
    restart: ['restart: always', 'nothing'],
    'on-restart': ['on-restart: replace', 'nothing', 'ready: {tcp: 80}'],
    'success-codes': ['success-codes: [0, 3]', 'nothing'],
    'pid-file': ['pid-file: /run/web.pid', 'restart'],
    stop: ['stop: {timeout: 3s}', 'nothing'],
    'stop-command': ['stop-command: sync', 'nothing', 'type: oneshot'],
    ports: ['ports: {http: 8080}', 'restart'],
    start: ['start: on-connect', 'nothing', 'ports: {http: 8080}'],
    log: ['log: off', 'restart'],
    limits: ['limits: best-effort', 'nothing'],
    'on-exit': ['on-exit: sync', 'nothing'],
  };
/** What cannot be had yet is a complaint, and no change; what instances are called is not what one is called. */
const NOT_HERE = [
  'instances',
  'restart-over',
  'memory-max',
  'cpu-max',
  'pids-max',
  'watch',
  'restart-on-library-change',
];

describe('the difference of two configurations', () => {
  it('is said of each key of a unit, and what it asks for', async () => {
    expect([...Object.keys(KEYS), ...NOT_HERE].sort()).toEqual(Object.keys(schema.shape).sort());
    for (const [key, [text, needs, beside = '']] of Object.entries(KEYS)) {
      const others = `\n  db: {command: "true"}\n`;
      const plain = await load(fileOf(beside) + others);
      const filled = await load(fileOf(`${beside}\n${text}`) + others);
      /* Of whom a process runs as there is one part. */
      const told = key === 'group' || key === 'groups' ? 'user' : key;
      const expected =
        needs === 'restart' ? { restart: [told], takenOver: [] } : { restart: [], takenOver: [told] };
      for (const [before, after] of [
        [plain, filled],
        [filled, plain],
      ] as const) {
        const found = differenceOf(before, after).units.find(({ label }) => label === 'web');
        const keys = found?.kind === 'changed' ? found.keys : undefined;
        /* What is executed has two keys: the one that is there by then is named. */
        if (key === 'script' && keys !== undefined) {
          expect(keys.restart).toEqual([before === plain ? 'script' : 'command']);
          continue;
        }
        expect(keys, key).toEqual(expected);
      }
    }
  });

  it('tells what is added, removed and left alone, in the order of the files', async () => {
    const { units: found } = differenceOf(await load(units('a', 'b', 'c')), await load(units('d', 'c', 'b')));
    expect(found).toEqual([
      { kind: 'added', label: 'd' },
      { kind: 'unchanged', label: 'c' },
      { kind: 'unchanged', label: 'b' },
      { kind: 'removed', label: 'a' },
    ]);
  });

  it('is none where the same stands elsewhere, in other words', async () => {
    const before = await load({
      [FILE]: 'include: [more.yaml]\nunits:\n  a: {command: "sleep 1"}\n',
      '/etc/archon/more.yaml': 'defaults: {restart: always}\nunits:\n  b: {command: [sleep, "2"]}\n',
    });
    const after = await load(
      'params: {one: "1"}\nunits:\n  b: {restart: {policy: always}, command: sleep 2}\n\n  a: {command: [sleep, "{one}"], needs: []}\n',
    );
    expect(differenceOf(before, after)).toEqual({
      units: [
        { kind: 'unchanged', label: 'b' },
        { kind: 'unchanged', label: 'a' },
      ],
      heads: [],
    });
  });

  it('names both kinds of keys of a unit, each once', async () => {
    expect(
      await change(
        'env: {A: b}\nstop: {command: sync}\nlog: {file: /var/log/a.log}',
        'env: {A: c}\ndescription: x\nstop: {timeout: 1s}\nlog: {file: /var/log/b.log}',
      ),
    ).toEqual({
      kind: 'changed',
      label: 'web',
      keys: { restart: ['env', 'log'], takenOver: ['description', 'stop'] },
    });
  });

  it('asks for another process where a watchdog comes or goes, and not for other checks', async () => {
    const keys = async (before: string, after: string): Promise<unknown> => {
      const found = await change(before, after);
      return found?.kind === 'changed' ? found.keys : found?.kind;
    };
    const restart = { restart: ['health'], takenOver: [] };
    expect(await keys('health: {tcp: 80}', 'health: {notify: true, watchdog: 3s}')).toEqual(restart);
    expect(
      await keys('health: {notify: true, watchdog: 3s}', 'health: {notify: true, watchdog: 4s}'),
    ).toEqual(restart);
    expect(await keys('health: {tcp: 80}', 'health: {tcp: 81, failures: 4}')).toEqual({
      restart: [],
      takenOver: ['health'],
    });
  });

  it('sees what is in files of settings', async () => {
    const file = (text: string): Record<string, string> => ({
      [FILE]: fileOf('env-file: web.env'),
      '/etc/archon/web.env': text,
    });
    const [before, after] = [await load(file('A=1\n')), await load(file('A=2\n'))];
    expect(differenceOf(before, after).units).toEqual([
      { kind: 'changed', label: 'web', keys: { restart: ['env-file'], takenOver: [] } },
    ]);
    expect(differenceOf(before, await load(file('A=1\n'))).units).toEqual([
      { kind: 'unchanged', label: 'web' },
    ]);
    const without = await load({ [FILE]: fileOf('env-file: web.env') });
    expect(differenceOf(without, before).units).toMatchObject([{ kind: 'changed' }]);
  });

  it('names what stands beside the units', async () => {
    const before = await load('access: [{user: www, role: read}]\n');
    const after = await load('access: [{user: www, role: control}]\nports: {pool: 100-200}\n');
    expect(differenceOf(before, after)).toEqual({ units: [], heads: ['access', 'ports'] });
  });
});
