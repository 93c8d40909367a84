import { mkdir, symlink } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TempProject } from './temp-project.ts';

/** In place of the real programs: tells what it was given. */
const TELL = `console.log(JSON.stringify({ nofile: process.env.ARCHON_START_NOFILE, args: process.argv.slice(2) }));\n`;

describe('the programs of a clone', () => {
  let project: TempProject;
  beforeEach(async () => {
    project = await TempProject.make(['bin']);
  });
  afterEach(async () => project[Symbol.asyncDispose]());

  const build = async () => {
    await project.write('dist/archond/main.cjs', TELL);
    await project.write('dist/archonctl/main.cjs', TELL);
  };
  const told = (stdout: string) => JSON.parse(stdout) as { nofile: string; args: string[] };

  it.each(['archond', 'archonctl'])(
    '%s says what to do, in one sentence, where nothing is built',
    async (name) => {
      const sentence = `${name}: it has not been built yet; run \`npm run build\` first\n`;
      expect(await project.run(project.path(`bin/${name}`), [])).toEqual({
        code: 1,
        stdout: '',
        stderr: sentence,
      });
    },
  );

  it.each(['archond', 'archonctl'])('%s hands on its arguments as they are', async (name) => {
    await build();
    const args = ['--config', 'a b', '', '*', '$HOME', '-n'];
    expect(told((await project.run(project.path(`bin/${name}`), args)).stdout).args).toEqual(args);
  });

  it.each(['archond', 'archonctl'])(
    '%s runs through links to links, absolute and relative, and from PATH',
    async (name) => {
      await build();
      await mkdir(project.path('far/bin'), { recursive: true });
      await mkdir(project.path('odd -> name'));
      await symlink(project.path(`bin/${name}`), project.path('odd -> name/absolute'));
      await symlink('../../odd -> name/absolute', project.path(`far/bin/${name}`));
      await symlink(name, project.path('far/bin/-again'));
      const linked = await project.run(project.path('far/bin/-again'), ['x']);
      expect({ code: linked.code, stderr: linked.stderr }).toEqual({ code: 0, stderr: '' });
      expect(told(linked.stdout).args).toEqual(['x']);

      const PATH = `${project.path('far/bin')}:${path.dirname(process.execPath)}:/usr/bin:/bin`;
      const found = await project.run('/bin/sh', ['-c', `${name} y`], { PATH });
      expect(told(found.stdout).args).toEqual(['y']);
    },
  );

  it('archond notes the soft limit of descriptors that it was started with', async () => {
    await build();
    const script = `ulimit -Sn 123; exec ${project.path('bin/archond')}`;
    const { stdout } = await project.run('/bin/sh', ['-c', script], { ARCHON_START_NOFILE: '7' });
    expect(told(stdout).nofile).toBe('123');
  });

  it.each(['archond', 'archonctl'])(
    '%s takes the node of ARCHON_NODE, and says so where there is none',
    async (name) => {
      await build();
      await project.write('my node', '#!/bin/sh\nfor last; do :; done\necho "mine: $last"\n', 0o755);
      const program = project.path(`bin/${name}`);
      const mine = await project.run(program, ['x'], { ARCHON_NODE: project.path('my node') });
      expect(mine).toEqual({ code: 0, stdout: 'mine: x\n', stderr: '' });

      const none = await project.run(program, [], { ARCHON_NODE: '/no/such/node' });
      expect(none.code).toBe(1);
      expect(none.stderr).toBe(
        `${name}: Node.js (\`/no/such/node\`) was not found; install Node 20.19 or later, or name it in $ARCHON_NODE\n`,
      );
    },
  );

  it('archonctl runs as a script of node too, and hands on words that look like flags of it', async () => {
    await build();
    const args = ['--version', '--', '-e', '0'];
    expect(told((await project.run(process.execPath, ['bin/archonctl', ...args])).stdout).args).toEqual(args);
    expect(told((await project.run(project.path('bin/archonctl'), args)).stdout).args).toEqual(args);
  });
});
