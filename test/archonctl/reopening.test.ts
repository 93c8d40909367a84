import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { TestSupervisor } from '../support/supervisor.ts';
import { following, textsIn } from '../archond/logs/log-rig.ts';
import { archonctl } from './client.ts';

/** Units that write each word that comes through their gates, and one whose output is not kept. */
const CONFIGURATION = (place: string): string => {
  const script = `mkfifo gate-$ARCHON_LABEL; exec 3<>gate-$ARCHON_LABEL; touch there-$ARCHON_LABEL
      while read -r word <&3; do echo "out $word"; echo "err $word" >&2; done`;
  const unit = (label: string, log: string): string => `
  ${label}:
    script: |
      ${script}
    cwd: ${place}
    ready: {file: ${place}/there-${label}, every: 10ms}
    log: ${log}`;
  return `version: 1
units:${unit('web', `{file: ${place}/web.log, stderr: separate}`)}${unit('db', `{file: ${place}/db.log}`)}${unit('off', 'off')}
`;
};

it('logs that were moved away are made anew by logs --reopen and by SIGHUP, wherever they lie, and not before', async () => {
  const first = await TestSupervisor.start();
  const place = path.join(first.folder, 'out');
  mkdirSync(place);
  first.signal('SIGTERM');
  await first.ended();
  await using supervisor = await first.again({ config: CONFIGURATION(place) });
  const file = (name: string): string => path.join(place, name);
  const text = (name: string): string => (existsSync(file(name)) ? readFileSync(file(name), 'latin1') : '');
  const says = (label: string, word: string): void => {
    writeFileSync(file(`gate-${label}`), `${word}\n`);
  };
  const comesTo = async (name: string, wanted: string): Promise<void> => {
    await expect.poll(() => text(name), { timeout: 30_000, interval: 10 }).toBe(wanted);
  };
  const moveAway = (name: string, suffix: string): void => {
    renameSync(file(name), file(`${name}${suffix}`));
  };
  const reopen = async (...labels: string[]): Promise<unknown> =>
    archonctl(supervisor.socket, ['logs', '--reopen', ...labels]);
  const done = { code: 0, stdout: '', stderr: '' };
  for (const label of ['web', 'db', 'off'])
    expect(await supervisor.ask(`Wait,${label},@for=running`)).toEqual(['Ok']);

  says('web', 'one');
  await comesTo('web.err.log', 'err one\n');
  using follower = await following(supervisor, 'web');
  moveAway('web.log', '.1');
  moveAway('web.err.log', '.1');
  says('web', 'two');
  await comesTo('web.err.log.1', 'err one\nerr two\n');
  await comesTo('web.log.1', 'out one\nout two\n');
  /* Both of its logs. */
  expect(await reopen('web')).toEqual(done);
  says('web', 'three');
  await comesTo('web.err.log', 'err three\n');
  await comesTo('web.log', 'out three\n');
  await follower.until((lines) => textsIn(lines).includes('out three'));
  expect(textsIn(follower.lines)).toEqual(['out one', 'out two', 'out three']);

  says('db', 'one');
  await comesTo('db.log', 'out one\nerr one\n');
  for (const name of ['web.log', 'web.err.log', 'db.log']) moveAway(name, '.2');
  expect(await reopen('*')).toEqual(done);
  says('web', 'four');
  says('db', 'two');
  await comesTo('web.err.log', 'err four\n');
  await comesTo('db.log', 'out two\nerr two\n');

  for (const name of ['web.log', 'web.err.log', 'db.log']) moveAway(name, '.3');
  supervisor.signal('SIGHUP');
  await supervisor.untilLog((log) => log.includes('log files are reopened'), 'SIGHUP was heard');
  says('web', 'five');
  says('db', 'three');
  await comesTo('web.err.log', 'err five\n');
  await comesTo('web.log', 'out five\n');
  await comesTo('db.log', 'out three\nerr three\n');
  expect(text('db.log.3')).toBe('out two\nerr two\n');

  expect(await reopen('off')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('log: off') as string,
  });
  expect(await reopen('nosuch')).toMatchObject({
    code: 4,
    stderr: expect.stringContaining('no unit') as string,
  });
}, 120_000);
