import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { processesWith } from '../support/processes.ts';
import { ROOT, TestSupervisor } from '../support/supervisor.ts';

const GOOD = 'units:\n  web:\n    command: sleep 1000\n    env: {SECRET: hush}\n';
const BAD = 'units:\n  web:\n    comand: sleep 1000\n    restart: sometimes\n';

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(realpathSync(os.tmpdir()), 'archon-test-'));
  file = path.join(folder, 'archon.yaml');
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** Calls archond, which is to end by itself. */
function archond(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { status, stdout, stderr } = spawnSync(path.join(ROOT, 'bin/archond'), args, {
    cwd: folder,
    env: { ...process.env, NODE_OPTIONS: undefined, ARCHON_CONFIG: undefined, ...env },
    encoding: 'utf8',
  });
  return { code: status, stdout, stderr: stderr.replaceAll(`${folder}/`, '') };
}

const COMPLAINTS = [
  'archon.yaml:3:5: units.web.comand: this key is not known; did you mean command?',
  "archon.yaml:4:14: units.web.restart: expected always, on-failure or never, or a mapping such as {policy: always, delay: 1s}, found 'sometimes'",
];

describe('archond --check', () => {
  it('finds nothing wrong, ends with 0 and starts nothing', () => {
    writeFileSync(file, GOOD);
    expect(archond(['--check', '--config', file, '--state', path.join(folder, 'state')])).toEqual({
      code: 0,
      stdout: 'nothing is wrong: 1 unit in 1 file\n',
      stderr: '',
    });
    expect(readdirSync(folder)).toEqual(['archon.yaml']);
  });

  it('says all that is wrong, in lines, and ends with 1', () => {
    writeFileSync(file, BAD);
    const { code, stdout, stderr } = archond(['--check', '--config', file]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr.trimEnd().split('\n')).toEqual(COMPLAINTS);
  });

  it('takes several files, folders, and the file that the environment names', () => {
    mkdirSync(path.join(folder, 'units.d'));
    writeFileSync(path.join(folder, 'units.d/a.yaml'), GOOD);
    writeFileSync(file, GOOD.replace('web', 'db'));
    expect(archond(['--check', '--config', 'archon.yaml', '--config', 'units.d']).stdout).toBe(
      'nothing is wrong: 2 units in 2 files\n',
    );
    expect(archond(['--check'], { ARCHON_CONFIG: 'units.d' }).stdout).toBe(
      'nothing is wrong: 1 unit in 1 file\n',
    );
    expect(archond(['--check', '--config', file], { ARCHON_CONFIG: 'nowhere' }).code).toBe(0);
  });

  it('complains of a file that was named and is not there', () => {
    expect(archond(['--check', '--config', 'nowhere.yaml'])).toEqual({
      code: 1,
      stdout: '',
      stderr: 'nowhere.yaml: cannot read nowhere.yaml: ENOENT (No such file or directory)\n',
    });
  });
});

describe('a supervisor with a configuration', () => {
  const options = () => ({ args: ['--config', file] });

  it('says with Dump what is in force', async () => {
    writeFileSync(file, GOOD);
    await using supervisor = await TestSupervisor.start(options());
    expect(await supervisor.ask('Dump,config')).toEqual([
      'Line,version: 1',
      'Line,units:',
      'Line,"  web:"',
      'Line,"    command: sleep 1000"',
      'Line,"    env:"',
      'Line,"      SECRET: ""hush"""',
      'Ok',
    ]);
    expect(statSync(path.join(supervisor.folder, 'configuration.json')).mode & 0o777).toBe(0o600);
  });

  it('goes on with what was in force when its deciding part dies, whatever the file says by then', async () => {
    writeFileSync(file, GOOD);
    await using supervisor = await TestSupervisor.start(options());
    const before = await supervisor.ask('Dump,config');
    await supervisor.killDeciding(() => {
      writeFileSync(file, BAD);
    });
    expect(await supervisor.ask('Dump,config')).toEqual(before);
  });

  it.each([['--foreground'], []])(
    'does not come up with one that is wrong (%s), and says why',
    (...where) => {
      writeFileSync(file, BAD);
      const socket = path.join(folder, 'run/archon.sock');
      const places = ['--socket', socket, '--state', path.join(folder, 'state')];
      const { code, stderr } = archond([...where, ...places, '--config', file]);
      expect(stderr.trimEnd().split('\n')).toEqual(COMPLAINTS.map((line) => `archond: ${line}`));
      expect(code).toBe(1);
      expect(readdirSync(path.join(folder, 'run'))).toEqual([]);
      expect(processesWith('ARCHON_SOCKET', socket)).toEqual([]);
    },
  );
});
