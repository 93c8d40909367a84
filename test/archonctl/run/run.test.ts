import { chmod, open, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROOT, TestSupervisor } from '../../support/supervisor.ts';
import { archonctl, shell, type ClientOptions } from '../client.ts';
import { TempFolder } from '../temp-folder.ts';

/** More than any pipe or read holds. */
const BIG_BYTES = 8 * 1024 * 1024;

let supervisor: TestSupervisor;
let folder: TempFolder;
beforeAll(async () => {
  supervisor = await TestSupervisor.start({ env: { FROM_SUPERVISOR: 'yes' } });
  folder = await TempFolder.make();
});
afterAll(async () => {
  await folder[Symbol.asyncDispose]();
  await supervisor[Symbol.asyncDispose]();
});

const run = async (words: readonly string[], options?: ClientOptions) =>
  archonctl(supervisor.socket, ['run', ...words], options);
const sh = async (script: string, options?: ClientOptions) => shell(supervisor.socket, script, options);

describe('a command that is run', () => {
  it('prints what it would print if called directly, in the same folder', async () => {
    const direct = await shell('', 'ls -l', { cwd: ROOT });
    expect(await run(['ls', '-l', 'FOO=1'], { cwd: ROOT })).toEqual({
      code: 0,
      stdout: direct.stdout,
      stderr: '',
    });
    expect((await run(['pwd'], { cwd: folder.path })).stdout).toBe(`${folder.path}\n`);
  });

  it.each([
    ['its own code', ['sh', '-c', 'echo $FOO; exit 7', 'FOO=1'], 7, '1\n'],
    ['137 for SIGKILL', ['sh', '-c', 'kill -9 $$'], 137, ''],
    ['143 for SIGTERM', ['sh', '-c', 'kill $$'], 143, ''],
    ['124 where it took too long', ['--timeout', '100ms', 'sleep', '1000'], 124, ''],
  ])('ends with %s', async (_, words, code, stdout) => {
    expect(await run(words)).toEqual({ code, stdout, stderr: '' });
  });

  it('that cannot be executed ends with 127 or 126, and archon’s own failure with 125', async () => {
    await writeFile(path.join(folder.path, 'text'), 'no program');
    await writeFile(path.join(folder.path, 'plain'), '#!/bin/sh\n');
    await chmod(path.join(folder.path, 'text'), 0o755);
    const cannot = async (...words: string[]) => {
      const { code, stdout, stderr } = await run(words, { cwd: folder.path });
      expect(stdout).toBe('');
      expect(stderr).toMatch(/^archonctl: [^\n]+\n$/);
      return [code, stderr.replace(/^archonctl: cannot run /, '').trimEnd()];
    };
    expect(await cannot('nosuch')).toEqual([127, 'nosuch: ENOENT (No such file or directory) at exec']);
    expect(await cannot('./text/deeper')).toEqual([127, './text/deeper: ENOTDIR (Not a directory) at exec']);
    expect(await cannot('./plain')).toEqual([126, './plain: EACCES (Permission denied) at exec']);
    expect(await cannot('./text')).toEqual([126, './text: ENOEXEC (Exec format error) at exec']);
    expect(await cannot('--cwd', 'nosuch', 'ls')).toEqual([
      125,
      'ls: ENOENT (No such file or directory) at cwd',
    ]);
    expect((await cannot('--user', 'no.such.user', 'ls'))[0]).toBe(125);
  });

  it('whose label is up, or that of a daemon that is not forgotten, is refused with 125', async () => {
    expect((await archonctl(supervisor.socket, ['start-daemon', '-l', 'taken', 'sleep', '1000'])).code).toBe(
      0,
    );
    expect(await run(['-l', 'taken', 'true'])).toEqual({
      code: 125,
      stdout: '',
      stderr: 'archonctl: taken is running\n',
    });
    expect((await archonctl(supervisor.socket, ['stop', 'taken'])).code).toBe(0);
    /* The record of a daemon stays until it is started again or forgotten. */
    expect((await run(['-l', 'taken', 'true'])).code).toBe(125);
    expect((await archonctl(supervisor.socket, ['forget', 'taken'])).code).toBe(0);
    expect((await run(['-l', 'taken', 'true'])).code).toBe(0);
  });

  it('leaves no record behind', async () => {
    await run(['true']);
    const { stdout } = await archonctl(supervisor.socket, ['list', '--json']);
    expect(
      (JSON.parse(stdout) as { units: { label: string }[] }).units.filter(({ label }) =>
        label.startsWith('true'),
      ),
    ).toEqual([]);
  });

  it('that is to be kept can be waited for afterwards', async () => {
    await run(['--keep', '-l', 'kept', 'sh', '-c', 'exit 9']);
    expect(await archonctl(supervisor.socket, ['wait', 'kept'])).toEqual({
      code: 0,
      stdout: '9\n',
      stderr: '',
    });
  });
});

describe('the words of a command', () => {
  it('reach it as they are', async () => {
    const words = ['a b', '', '$HOME', '*', "it's", '"', '\\', '-n', 'x\ny'];
    expect((await run(['printf', '<%s>', ...words])).stdout).toBe(words.map((word) => `<${word}>`).join(''));
  });

  it('may be settings behind --, and options behind the command', async () => {
    expect((await run(['--', 'printf', '%s ', 'A=1', 'B=2'])).stdout).toBe('A=1 B=2 ');
    expect((await run(['printf', '%s ', '--keep', '-l', 'x', 'B=2'])).stdout).toBe('--keep -l x ');
  });

  it('and its settings may hold any byte', async () => {
    const printed = await sh(
      `archonctl run -e X=$'\\xe9\\xff' sh -c 'printf "$1|$X|$Y"' $'\\xfe' $'a\\x80' $'Y=\\xc3\\xa9\\xc3'`,
    );
    expect(printed).toEqual({ code: 0, stdout: 'a\x80|\xe9\xff|\xc3\xa9\xc3', stderr: '' });
  });

  it('come from a folder with any name, but not from one that is gone', async () => {
    const odd = await sh(`mkdir $'od\\xff d' && cd $'od\\xff d' && archonctl run pwd`, { cwd: folder.path });
    expect(odd).toEqual({ code: 0, stdout: `${folder.path}/od\xff d\n`, stderr: '' });
    const gone = await sh('mkdir gone && cd gone && rmdir ../gone && archonctl run pwd', {
      cwd: folder.path,
    });
    expect(gone).toMatchObject({ code: 2, stdout: '' });
    /* The shell that starts archonctl says something of its own before, as any shell does there. */
    expect(gone.stderr.split('\n').at(-2)).toBe(
      'archonctl: the present folder has been removed: go to another, or name one with --cwd',
    );
  });
});

describe('the environment of a command', () => {
  it("is the supervisor's with the settings", async () => {
    const { stdout } = await run(['-e', 'A=1', 'env', 'B=2'], { env: { MINE: '1' } });
    const lines = stdout.split('\n');
    expect(lines).toEqual(
      expect.arrayContaining(['FROM_SUPERVISOR=yes', 'A=1', 'B=2', `ARCHON_SOCKET=${supervisor.socket}`]),
    );
    expect(lines).not.toContain('MINE=1');
  });

  it("is this shell's with --my-env, byte by byte", async () => {
    const { stdout } = await sh(`MINE=$'\\xff' ARCHON_LABEL=outer archonctl run --my-env -l inner env`);
    const lines = stdout.split('\n');
    expect(lines).toEqual(expect.arrayContaining(['MINE=\xff', 'ARCHON_LABEL=inner']));
    expect(lines).not.toContain('FROM_SUPERVISOR=yes');
  });

  it('is the settings alone with --clean-env', async () => {
    const { stdout } = await run(['--clean-env', '-e', 'PATH=/usr/bin:/bin', 'env', 'A=1']);
    expect(
      stdout
        .split('\n')
        .filter((line) => !line.startsWith('ARCHON_'))
        .sort(),
    ).toEqual(['', 'A=1', 'PATH=/usr/bin:/bin']);
  });
});

describe('the descriptors of a command', () => {
  it('are pipes where those of archonctl are', async () => {
    expect(await run(['sh', '-c', 'cat; echo err >&2'], { stdin: 'in\n' })).toEqual({
      code: 0,
      stdout: 'in\n',
      stderr: 'err\n',
    });
    expect(await sh('seq 5 | archonctl run tail -n 2 | archonctl run tr 45 ab')).toEqual({
      code: 0,
      stdout: 'a\nb\n',
      stderr: '',
    });
  });

  it('are the very files, with their offsets', async () => {
    const file = path.join(folder.path, 'out');
    const script =
      '{ echo before; archonctl run sh -c "echo within; echo err >&2" 2>&1; echo after; } > out; ' +
      '{ head -c 3 > /dev/null; archonctl run cat; } < out';
    await writeFile(file, '');
    const { stdout } = await sh(script, { cwd: folder.path });
    expect(await readFile(file, 'utf8')).toBe('before\nwithin\nerr\nafter\n');
    expect(stdout).toContain('after\n');
  });

  it('carry binary data of any length unchanged', async () => {
    const file = await open(path.join(folder.path, 'big'), 'w');
    const piece = Buffer.from(Array.from({ length: 1 << 16 }, (_, index) => (index * 7919) >> (index % 5)));
    for (let at = 0; at < BIG_BYTES; at += piece.length) await file.write(piece);
    await file.close();
    const script =
      'archonctl run cat < big | cmp - big && archonctl run cat < big > copy && cmp big copy && cat big | archonctl run cat | cmp - big';
    expect(await sh(script, { cwd: folder.path })).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  it('work in $(…), in xargs, in loops over lines and in the background', async () => {
    expect((await sh('echo "[$(archonctl run echo a b)]"')).stdout).toBe('[a b]\n');
    expect((await sh('seq 3 | xargs -n 1 archonctl run echo got')).stdout).toBe('got 1\ngot 2\ngot 3\n');
    expect((await sh('seq 3 | while read n; do archonctl run echo $n </dev/null; done')).stdout).toBe(
      '1\n2\n3\n',
    );
    expect((await sh('archonctl run sh -c "exit 5" & wait $!')).code).toBe(5);
  });

  it('are /dev/null where they are closed', async () => {
    const link = 'for n in 0 1 2; do readlink /proc/self/fd/$n; done > links';
    const links = async (closed: string) => {
      await sh(`archonctl run sh -c '${link}' ${closed}`, { cwd: folder.path });
      return readFile(path.join(folder.path, 'links'), 'utf8');
    };
    expect((await links('<&- >&- 2>&-')).split('\n')).toContain('/dev/null');
    expect(await sh('archonctl run cat <&-')).toEqual({ code: 0, stdout: '', stderr: '' });
    expect((await sh('archonctl run echo lost >&-')).code).toBe(0);
    expect((await sh('archonctl run nosuch 2>&-')).code).toBe(127);
  });

  it('are left as they are: nobody makes them non-blocking', async () => {
    const flags = 'grep flags /proc/self/fdinfo/1 | tr -d "\\t"';
    const { stdout } = await sh(
      `(${flags}; archonctl run true; archonctl run nosuch 2>/dev/null; ${flags}) | cat`,
    );
    const [before, after] = stdout.trim().split('\n');
    expect(before).toMatch(/^flags:/);
    expect(after).toBe(before);
  });

  it('end with their reader: SIGPIPE is for the command', async () => {
    expect((await sh('archonctl run yes | head -n 1; echo ${PIPESTATUS[0]}')).stdout).toBe('y\n141\n');
  });

  it('are those of cron, too: no terminal, no environment', async () => {
    const script = `env -i ${path.join(ROOT, 'bin/archonctl')} --socket "$ARCHON_SOCKET" run echo alone </dev/null`;
    const { code, stdout } = await sh(script.replace('env -i', 'env -i PATH="$PATH"'));
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'alone\n' });
  });
});

describe('archonctl itself', () => {
  it.each(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'])(
    'passes %s on to the group of the command',
    async (signal) => {
      const script = `
      archonctl run bash -c 'trap "echo got; exit 3" ${signal}; (trap "" ${signal}; echo armed; read) < pipe & wait' > out &
      while ! grep -q armed out; do :; done
      kill -s ${signal} $!; wait $!; code=$?; cat out; exit $code`;
      await sh('rm -f pipe out; mkfifo pipe; touch out', { cwd: folder.path });
      const { code, stdout } = await sh(
        `sleep 1000 > pipe & holder=$!; trap 'kill $holder' EXIT; ${script}`,
        { cwd: folder.path },
      );
      expect({ code, stdout }).toEqual({ code: 3, stdout: 'armed\ngot\n' });
    },
  );

  it('killed takes the command along, whole tree', async () => {
    const script = `
      archonctl run -l along sh -c 'sleep 1000 & echo armed; wait' > out &
      while ! grep -q armed out; do :; done
      kill -9 $!; wait $!
      archonctl wait --timeout 10s --for stopped along; archonctl list along --json`;
    await writeFile(path.join(folder.path, 'out'), '');
    const { stdout } = await sh(script, { cwd: folder.path });
    const [unit] = (JSON.parse(stdout) as { units: { state: string; pid: number | null }[] }).units;
    expect(unit).toMatchObject({ state: 'stopped', pid: null });
    await archonctl(supervisor.socket, ['forget', 'along']);
  });
});
