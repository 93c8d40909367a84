import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Configuration } from '../../src/config/configuration.ts';
import type { LoadAnswer, LoadRequest } from '../../src/loader/request.ts';
import { ROOT } from '../support/supervisor.ts';

const LOADER = path.join(ROOT, 'dist/loader/main.cjs');

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'archon-loader-'));
  mkdirSync(path.join(folder, 'units.d'));
  write(
    'archon.yaml',
    `include: [units.d/*.yaml]\nunits: {web: {command: sleep 1, env-file: ${folder}/env}}\n`,
  );
  write('env', 'WORD=one\n');
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function write(name: string, text: string): void {
  writeFileSync(path.join(folder, name), text);
}

function ask(request: Partial<LoadRequest>): LoadAnswer {
  const paths = [path.join(folder, 'archon.yaml')];
  const whole: LoadRequest = { paths, logDir: '/tmp/log', trees: { kind: 'unknown' }, ...request };
  const { stdout, status } = spawnSync(process.execPath, [LOADER], { input: JSON.stringify(whole) });
  expect(status).toBe(0);
  return JSON.parse(stdout.toString()) as LoadAnswer;
}

/** What is loaded, where it is loaded. */
function loaded(answer: LoadAnswer): Configuration {
  if (!answer.ok || answer.value === 'same') throw new Error(JSON.stringify(answer));
  return answer.value;
}

const SAME: LoadAnswer = { ok: true, value: 'same' };

describe('the loader', () => {
  it('says that nothing has changed to whoever has what it would load', () => {
    const { basis } = loaded(ask({}));
    expect(ask({ basis })).toEqual(SAME);
    const file = path.join(folder, 'archon.yaml');
    utimesSync(file, 0, 0);
    expect(ask({ basis })).toEqual(SAME);
  });

  it('sees another content of the same size and time', () => {
    const { basis } = loaded(ask({}));
    const file = path.join(folder, 'archon.yaml');
    const { atime, mtime, size } = statSync(file);
    write(
      'archon.yaml',
      `include: [units.d/*.yaml]\nunits: {web: {command: sleep 2, env-file: ${folder}/env}}\n`,
    );
    utimesSync(file, atime, mtime);
    expect(statSync(file)).toMatchObject({ size, mtime });
    expect(loaded(ask({ basis })).units[0]?.words).toEqual(['sleep', '2']);
  });

  it('sees a file that a pattern takes from now on, and one that it takes no more', () => {
    const { basis } = loaded(ask({}));
    write('units.d/db.yaml', 'units: {db: {command: sleep 1}}\n');
    const both = loaded(ask({ basis }));
    expect(both.units.map(({ label }) => label)).toEqual(['web', 'db']);
    expect(ask({ basis: both.basis })).toEqual(SAME);
    rmSync(path.join(folder, 'units.d/db.yaml'));
    expect(loaded(ask({ basis: both.basis })).units).toHaveLength(1);
  });

  it('sees another line in a file of settings', () => {
    const { basis, units } = loaded(ask({}));
    write('env', 'WORD=two\n');
    const [web] = loaded(ask({ basis })).units;
    expect(web?.surroundings.envFileMarks).not.toEqual(units[0]?.surroundings.envFileMarks);
  });

  it('loads anew for another request, or as another program', () => {
    const { basis } = loaded(ask({}));
    loaded(ask({ basis, logDir: '/tmp/other' }));
    const own = loaded(ask({})).basis;
    expect(own).toEqual(basis);
    loaded(ask({ basis: { of: 'another program', asked: basis?.asked ?? [] } }));
  });

  it('says what is wrong whatever was right before', () => {
    const { basis } = loaded(ask({}));
    write('archon.yaml', 'units: {web: {comand: sleep 1}}\n');
    const answer = ask({ basis });
    expect(answer.ok ? [] : answer.error.map(({ kind }) => kind)).toContain('unknown-key');
  });
});
