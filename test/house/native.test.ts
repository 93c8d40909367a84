import { readFile, readdir, stat } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TempProject } from './temp-project.ts';

const KEEPER =
  '#include "answer.h"\n#include <stdio.h>\nint main(void) { return printf("%d\\n", ANSWER) < 0; }\n';
const HELPER = '#include <node_api.h>\nNAPI_MODULE_INIT() { (void)env; return exports; }\n';

describe('the native build', () => {
  let project: TempProject;
  beforeEach(async () => {
    project = await TempProject.make();
  });
  afterEach(async () => project[Symbol.asyncDispose]());

  const build = async (env: Record<string, string> = {}, ...args: string[]) =>
    project.run(process.execPath, ['scripts/build-native.mjs', ...args], env);

  /** A keeper of two files and a header, and a helper. */
  async function writeSources(answer: number): Promise<void> {
    await project.write('native/keeper/answer.h', `#define ANSWER ${answer}\nint other(void);\n`);
    await project.write('native/keeper/main.c', KEEPER);
    await project.write('native/keeper/other.c', '#include "answer.h"\nint other(void) { return 1; }\n');
    await project.write('native/helper.c', HELPER);
  }

  it('makes a helper that Node loads and a keeper that runs', async () => {
    await writeSources(42);
    const { code, stdout, stderr } = await build();
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^helper\.node: shared\nkeeper: (static|dynamic, .*)\n$/);
    expect((await project.run(project.path('build/native/keeper'), [])).stdout).toBe('42\n');
    const load = `process.dlopen({ exports: {} }, ${JSON.stringify(project.path('build/native/helper.node'))})`;
    expect(await project.run(process.execPath, ['-e', load])).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  it('adds the files of the helper folder to the one helper', async () => {
    await project.write(
      'native/helper.c',
      HELPER.replace('return exports', 'extern int more(void); more(); return exports'),
    );
    await project.write('native/helper/more.c', 'int more(void);\nint more(void) { return 1; }\n');
    expect((await build()).code).toBe(0);
    const load = `process.dlopen({ exports: {} }, ${JSON.stringify(project.path('build/native/helper.node'))})`;
    expect((await project.run(process.execPath, ['-e', load])).stderr).toBe('');
  });

  it('compiles again only what a source, a header or a damaged file makes necessary', async () => {
    await writeSources(1);
    await build();
    const first = await stat(project.path('build/native/keeper'));
    expect((await build()).stdout).toMatch(
      /^helper\.node: up to date \(shared\)\nkeeper: up to date \(.*\)\n$/,
    );
    expect((await stat(project.path('build/native/keeper'))).ino).toBe(first.ino);

    await project.write('native/keeper/answer.h', '#define ANSWER 2\nint other(void);\n');
    expect((await build()).stdout).not.toContain('keeper: up to date');
    expect((await project.run(project.path('build/native/keeper'), [])).stdout).toBe('2\n');

    await project.write('build/native/keeper', 'torn', 0o755);
    expect((await build()).stdout).not.toContain('keeper: up to date');
    expect((await project.run(project.path('build/native/keeper'), [])).stdout).toBe('2\n');
  });

  it('leaves nothing but products and stamps, also when two builds run at once', async () => {
    await writeSources(3);
    const both = await Promise.all([build(), build()]);
    expect(both.map(({ code, stderr }) => ({ code, stderr }))).toEqual(
      Array(2).fill({ code: 0, stderr: '' }),
    );
    const made = ['helper.node', 'helper.node.stamp', 'keeper', 'keeper.stamp'];
    expect((await readdir(project.path('build/native'))).sort()).toEqual(made);
    expect((await project.run(project.path('build/native/keeper'), [])).stdout).toBe('3\n');
  });

  it('shows what the compiler says and keeps the last good file', async () => {
    await writeSources(4);
    await build();
    const good = await readFile(project.path('build/native/keeper'));
    await project.write('native/keeper/main.c', 'int main(void) { return missing; }\n');
    const { code, stderr } = await build();
    expect(code).toBe(1);
    expect(stderr).toContain('native/keeper/main.c:1:25');
    expect((await readFile(project.path('build/native/keeper'))).equals(good)).toBe(true);
    expect((await readdir(project.path('build/native'))).filter((name) => name.startsWith('tmp'))).toEqual(
      [],
    );
  });

  it('names what to install, in one sentence, where there is no compiler', async () => {
    await writeSources(5);
    const { code, stderr } = await build({ CC: 'no-such-compiler -m64' });
    expect(code).toBe(1);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(stderr).toContain('`no-such-compiler -m64` was not found');
    expect(stderr).toContain('apt-get install gcc libc6-dev');
    expect(stderr).toContain('apk add build-base');
  });

  it('says the same where the compiler lacks the headers of the C library', async () => {
    await writeSources(6);
    const { code, stderr } = await build({ CC: 'cc -nostdinc' });
    expect(code).toBe(1);
    expect(stderr).toContain('cannot compile a program of one line');
    expect(stderr).toContain('apt-get install gcc libc6-dev');
  });

  it('does nothing and succeeds where there are no sources', async () => {
    expect(await build({ CC: 'no-such-compiler' })).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(await readdir(project.folder)).not.toContain('build');
  });

  it('makes a keeper for tests that the sanitizers watch', async () => {
    await writeSources(7);
    const overrun =
      'int main(int count, char **words) { int a[2] = {0}; (void)words; return a[count + 1]; }\n';
    await project.write('native/keeper/main.c', overrun);
    expect(await build({}, '--sanitize')).toEqual({
      code: 0,
      stdout: 'keeper-asan: sanitized\n',
      stderr: '',
    });
    expect(await readdir(project.path('build/native'))).not.toContain('keeper');
    const ended = await project.run(project.path('build/native/keeper-asan'), []);
    expect(ended.code).not.toBe(0);
    expect(ended.stderr).toContain('runtime error: index 2 out of bounds');
  });
});
