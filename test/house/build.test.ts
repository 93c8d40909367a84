import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TempProject } from './temp-project.ts';

const GREETING = `export const greeting: string = 'good day';\n`;
const CLIENT = `import { Command } from 'commander';
import { greeting } from '../base/greeting.ts';
new Command('archonctl').option('--who <name>').action(({ who }) => console.log(greeting, who)).parse();
`;

describe('the build', () => {
  let project: TempProject;
  beforeEach(async () => {
    project = await TempProject.make(['tsconfig.json', 'package-lock.json']);
    await project.write('src/base/greeting.ts', GREETING);
    await project.write('src/base/other.ts', 'export const other = 1;\n');
  });
  afterEach(async () => project[Symbol.asyncDispose]());

  const build = async () => project.node('scripts/build.mjs');
  const inodeOf = async (file: string) => (await stat(project.path(file))).ino;

  it('compiles the sources and makes the client one file that needs no other', async () => {
    await project.write('src/archonctl/main.ts', CLIENT);
    expect(await build()).toEqual({ code: 0, stdout: 'dist: built\n', stderr: '' });
    for (const other of ['node_modules', 'dist/base', 'src'])
      await rm(project.path(other), { recursive: true });
    const ran = await project.node('dist/archonctl/main.cjs', '--who', 'Ada');
    expect(ran).toEqual({ code: 0, stdout: 'good day Ada\n', stderr: '' });
  });

  it('does nothing the second time, and after a change what it makes necessary', async () => {
    await project.write('src/protocol/codec.ts', 'export const codec = 1;\n');
    expect((await build()).stdout).toBe('dist: built\n');
    expect((await build()).stdout).toBe('dist: up to date\n');
    expect((await readdir(project.path('dist'))).sort()).toEqual(['.stamp', 'base', 'protocol']);

    const [kept, changed] = [await inodeOf('dist/base/other.js'), await inodeOf('dist/base/greeting.js')];
    await project.write('src/base/greeting.ts', GREETING.replace('day', 'night'));
    await rm(project.path('src/protocol'), { recursive: true });
    expect((await build()).stdout).toBe('dist: built\n');
    expect(await inodeOf('dist/base/other.js')).toBe(kept);
    expect(await inodeOf('dist/base/greeting.js')).not.toBe(changed);
    expect((await readdir(project.path('dist'))).sort()).toEqual(['.stamp', 'base']);
  });

  it('shows what the compiler says and leaves dist as it was', async () => {
    await build();
    const before = await readFile(project.path('dist/base/greeting.js'), 'utf8');
    await project.write('src/base/greeting.ts', GREETING.replace(`'good day'`, '7'));
    const { code, stderr } = await build();
    expect(code).toBe(1);
    expect(stderr).toContain('src/base/greeting.ts(1,14): error TS2322');
    expect(await readFile(project.path('dist/base/greeting.js'), 'utf8')).toBe(before);
    expect(await readdir(project.path('build'))).toEqual([]);
  });

  it('may run twice at once', async () => {
    await project.write('src/archonctl/main.ts', CLIENT);
    const both = await Promise.all([build(), build()]);
    expect(both.map(({ code, stderr }) => ({ code, stderr }))).toEqual(
      Array(2).fill({ code: 0, stderr: '' }),
    );
    expect((await project.node('dist/archonctl/main.cjs', '--who', 'Ada')).stdout).toBe('good day Ada\n');
    expect(await readdir(project.path('build'))).toEqual([]);
    expect((await build()).stdout).toBe('dist: up to date\n');
  });
});
