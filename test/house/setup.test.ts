import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ROOT, TempProject } from './temp-project.ts';

/** In place of npm: notes its arguments and installs nothing. */
const NPM = `import { writeFileSync } from 'node:fs'; writeFileSync('npm-was-here', process.argv.slice(2).join(' '));\n`;

describe('the set-up of a clone', () => {
  let project: TempProject;
  beforeEach(async () => {
    project = await TempProject.make(['package-lock.json']);
    await rm(project.path('node_modules'));
    await mkdir(project.path('node_modules'));
    await project.write('npm/cli.js', NPM);
  });
  afterEach(async () => project[Symbol.asyncDispose]());

  /** Whether npm was asked to install. */
  async function installs(): Promise<boolean> {
    await rm(project.path('npm-was-here'), { force: true });
    const script = `import('./scripts/setup.mjs').then((setup) => setup.ensureDependencies())`;
    const ended = await project.run(process.execPath, ['-e', script], {
      npm_execpath: project.path('npm/cli.js'),
    });
    expect({ code: ended.code, stderr: ended.stderr }).toEqual({ code: 0, stderr: '' });
    const asked = await readFile(project.path('npm-was-here'), 'utf8').catch(() => undefined);
    if (asked !== undefined) expect(asked).toMatch(/^ci --include=dev/);
    return asked !== undefined;
  }

  /** Leaves in node_modules the list that npm leaves there: the lock file's packages but for those in `changed`. */
  async function installed(changed: Record<string, object | undefined> = {}): Promise<void> {
    const packages = { ...(await locked()), ...changed, '': undefined };
    await project.write('node_modules/.package-lock.json', JSON.stringify({ packages }));
  }

  async function locked(): Promise<Record<string, { optional?: boolean }>> {
    const text = await readFile(project.path('package-lock.json'), 'utf8');
    return (JSON.parse(text) as { packages: Record<string, { optional?: boolean }> }).packages;
  }

  it('installs where nothing is installed', async () => {
    expect(await installs()).toBe(true);
  });

  it('installs nothing where all is there', async () => {
    await installed();
    expect(await installs()).toBe(false);
  });

  it('takes no offence at packages for other machines that npm left out', async () => {
    const optional = Object.entries(await locked()).filter(([, one]) => one.optional === true);
    expect(optional).not.toEqual([]);
    await installed(Object.fromEntries(optional.map(([name]) => [name, undefined])));
    expect(await installs()).toBe(false);
  });

  it('installs where a package is missing, is another version, or is not asked for any more', async () => {
    await installed({ 'node_modules/vitest': undefined });
    expect(await installs()).toBe(true);
    await installed({ 'node_modules/vitest': { version: '0.0.1' } });
    expect(await installs()).toBe(true);
    await installed({ 'node_modules/left-over': { version: '1.0.0' } });
    expect(await installs()).toBe(true);
  });
});

describe('npm start', () => {
  let project: TempProject;
  beforeAll(async () => {
    project = await TempProject.make(['tsconfig.json', 'package-lock.json']);
    await project.write('src/base/one.ts', 'export const one = 1;\n');
  });
  afterAll(async () => project[Symbol.asyncDispose]());

  it('builds, hands its arguments to the demonstration and ends with its code', async () => {
    await project.write('scripts/demo.mjs', `console.log(process.argv.slice(2)); process.exitCode = 7;\n`);
    const { code, stdout } = await project.node('scripts/start.mjs', 'a b');
    expect(code).toBe(7);
    expect(stdout).toBe(`dist: built\n[ 'a b' ]\n`);
  });

  it('hands on the signals that it is sent', async () => {
    const demo = `process.on('SIGTERM', () => process.exit(5)); setInterval(() => 0, 60_000); console.log('ready');\n`;
    await project.write('scripts/demo.mjs', demo);
    const start = spawn(process.execPath, ['scripts/start.mjs'], {
      cwd: project.folder,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let text = '';
    for await (const some of start.stdout.setEncoding('utf8') as AsyncIterable<string>) {
      text += some;
      if (text.endsWith('ready\n')) break;
    }
    const ended = once(start, 'exit');
    start.kill('SIGTERM');
    expect(await ended).toEqual([5, null]);
  });

  it('ends as the demonstration did that a signal ended', async () => {
    await project.write('scripts/demo.mjs', `process.kill(process.pid, 'SIGKILL');\n`);
    expect((await project.node('scripts/start.mjs')).code).toBe(137);
  });
});

describe('the scripts', () => {
  it('need only what a fresh clone has before they install', async () => {
    await using bare = await TempProject.make(['package-lock.json']);
    await rm(bare.path('node_modules'));
    await bare.write('npm/cli.js', 'process.exit(9);\n');
    await cp(path.join(ROOT, 'bin'), bare.path('bin'), { recursive: true });
    for (const script of ['test', 'start', 'lint']) {
      const ended = await bare.run(process.execPath, [`scripts/${script}.mjs`], {
        npm_execpath: bare.path('npm/cli.js'),
      });
      expect(ended.stderr).toBe('archon: npm ci ended with code 9; what it says stands above\n');
      expect(ended.code).toBe(1);
    }
  });
});
