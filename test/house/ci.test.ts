import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TempProject } from './temp-project.ts';

interface File {
  status: 'passed' | 'failed';
  tests: ('passed' | 'failed' | 'skipped')[];
}

/** A report in the form of vitest's. */
function report(...files: File[]): string {
  const testResults = files.map(({ status, tests }, at) => ({
    name: `${at}.test.ts`,
    status,
    assertionResults: tests.map((one) => ({ status: one })),
  }));
  return JSON.stringify({ testResults });
}

const GOOD = report({ status: 'passed', tests: ['passed', 'passed', 'skipped'] });

let project: TempProject;
beforeEach(async () => {
  project = await TempProject.make(['.ci']);
});
afterEach(async () => project[Symbol.asyncDispose]());

describe('the count of the tests', () => {
  it.each([
    ['all passed', GOOD, '1 skipped\n2 passed, 0 failed\n', 0],
    ['one failed', report({ status: 'failed', tests: ['passed', 'failed'] }), '1 passed, 1 failed\n', 1],
    ['a file could not be loaded', report({ status: 'failed', tests: [] }), '0 passed, 1 failed\n', 1],
    [
      'a file failed after its tests had passed',
      report({ status: 'failed', tests: ['passed'] }),
      '1 passed, 1 failed\n',
      1,
    ],
    ['no test ran', report(), '0 passed, 0 failed\n', 1],
    ['the report was cut', GOOD.slice(0, 20), 'the tests left no report\n0 passed, 0 failed\n', 1],
  ])('is true where %s', async (_case, text, stdout, code) => {
    await project.write('report.json', text);
    expect(await project.node('scripts/count-tests.mjs', 'report.json')).toEqual({
      code,
      stdout,
      stderr: '',
    });
  });

  it('fails where there is no report', async () => {
    expect((await project.node('scripts/count-tests.mjs', 'none.json')).code).toBe(1);
  });
});

describe('.ci/run', () => {
  interface Scene {
    lint?: number;
    test?: number;
    report?: string | undefined;
    uid?: number;
    missing?: string[];
    aptGet?: number;
  }

  /** Runs it with programs in place of npm, id, install, apt-get and dpkg-query that do as the scene says. */
  async function ci(scene: Scene) {
    const { lint = 0, test = 0, uid = 1000, missing = [], aptGet = 0 } = scene;
    if (scene.report !== undefined) await project.write('report.json', scene.report);
    const script = (lines: string[]) =>
      ['#!/bin/sh', `echo "$(basename "$0") $*" >> calls`, ...lines, ''].join('\n');
    const npm = [
      `if [ "$1" = test ]; then cp report.json "$ARCHON_TEST_REPORT" 2>/dev/null; exit ${test}; fi`,
      `exit ${lint}`,
    ];
    const query = `case " ${missing.join(' ')} " in *" $3 "*) exit 1 ;; esac; echo 'install ok installed'`;
    await project.write('fake/npm', script(npm), 0o755);
    await project.write('fake/id', script([`echo ${uid}`]), 0o755);
    await project.write('fake/apt-get', script([`exit ${aptGet}`]), 0o755);
    await project.write('fake/install', script([]), 0o755);
    await project.write('fake/dpkg-query', script([query]), 0o755);
    const PATH = `${project.path('fake')}:${process.env['PATH'] ?? ''}`;
    const ended = await project.run(project.path('.ci/run'), [], { PATH });
    const calls = await readFile(project.path('calls'), 'utf8');
    return { code: ended.code, last: ended.stdout.trimEnd().split('\n').at(-1), calls: calls.split('\n') };
  }

  it('passes where lint and tests pass, and ends with the count', async () => {
    const { code, last, calls } = await ci({ report: GOOD });
    expect({ code, last }).toEqual({ code: 0, last: '2 passed, 0 failed' });
    expect(calls.filter((call) => call.startsWith('npm'))).toEqual([
      'npm run --silent lint',
      'npm test --silent',
    ]);
  });

  it.each([
    ['lint fails', { lint: 1, report: GOOD }, '2 passed, 0 failed'],
    ['vitest crashes after all tests have passed', { test: 1, report: GOOD }, '2 passed, 0 failed'],
    ['no report is left', { report: undefined }, '0 passed, 0 failed'],
    [
      'the tests claim success, the report does not',
      { report: report({ status: 'failed', tests: ['failed'] }) },
      '0 passed, 1 failed',
    ],
  ])('fails where %s', async (_case, scene: Scene, line) => {
    const { code, last } = await ci(scene);
    expect({ code, last }).toEqual({ code: 1, last: line });
  });

  it('installs as root exactly what is missing', async () => {
    const { code, calls } = await ci({ uid: 0, missing: ['valgrind', 'gcc'], report: GOOD });
    expect(code).toBe(0);
    const asked = calls.filter((call) => call.startsWith('apt-get'));
    expect(asked).toHaveLength(2);
    expect(asked[0]).toMatch(/ update$/);
    expect(asked[1]).toMatch(/ -y .*install --no-install-recommends gcc valgrind$/);
    /* Before that it is seen to that no server starts, unless that is so already. */
    if (existsSync('/usr/sbin/policy-rc.d')) return;
    const kept = calls.findIndex((call) => /^install .* \/usr\/sbin\/policy-rc.d$/.test(call));
    expect(kept).toBeGreaterThanOrEqual(0);
    expect(kept).toBeLessThan(calls.indexOf(asked[1] ?? ''));
  });

  it('installs nothing where nothing is missing, and nothing for an ordinary user', async () => {
    expect((await ci({ uid: 0, report: GOOD })).calls.join()).not.toContain('apt-get');
    expect((await ci({ uid: 1000, missing: ['gcc'], report: GOOD })).calls.join()).not.toContain('apt-get');
  });

  it('ends with the count, and fails, where the packages cannot be installed', async () => {
    const { code, last, calls } = await ci({ uid: 0, missing: ['gcc'], aptGet: 100, report: GOOD });
    expect({ code, last }).toEqual({ code: 100, last: '0 passed, 0 failed' });
    expect(calls.join()).not.toContain('npm');
  });
});
