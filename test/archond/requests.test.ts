import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { VERSION } from '../../src/base/version.ts';
import { untilFile } from '../support/files.ts';
import { TestSupervisor } from '../support/supervisor.ts';
import { untimed } from '../support/told.ts';

const isRoot = process.getuid?.() === 0;
let supervisor: TestSupervisor;

beforeAll(async () => {
  supervisor = await TestSupervisor.start({
    env: { COLOUR: 'green', NODE_HIDDEN: '1', ARCHON_HIDDEN: '1', LISTEN_FDS: '7' },
  });
  mkdirSync(path.join(supervisor.folder, 'out'));
});

afterAll(async () => {
  await supervisor[Symbol.asyncDispose]();
});

const ask = async (...lines: readonly string[]): Promise<string[]> => supervisor.ask(...lines);
const out = (name: string): string => path.join(supervisor.folder, 'out', name);
const log = (label: string): string =>
  readFileSync(path.join(supervisor.folder, 'state/log', `${label}.log`), 'latin1');

/** What a command without descriptors writes, by its log. */
async function outputOf(request: string, label: string): Promise<string> {
  expect(await ask(`${request},@label=${label}`)).toEqual(['ExitStatus,0']);
  return log(label);
}

describe('Version', () => {
  it('names the program, the package and the protocol, whatever the case of the verb', async () => {
    expect(await ask('vErSiOn')).toEqual([`Ok,archon,${VERSION},1`]);
  });
});

describe('Run', () => {
  it('answers with the exit code, or 128 and the signal', async () => {
    expect(
      await ask('Run,true', 'Run,sh -c "exit 7"', 'Run,"sh -c ""exit 7"""', 'Run,"sh -c ""kill -9 \\$\\$"""'),
    ).toEqual(['ExitStatus,0', expect.stringMatching(/^Error,.*,syntax$/), 'ExitStatus,7', 'ExitStatus,137']);
  });

  it('says at which stage a command could not be started, and with which errno', async () => {
    writeFileSync(out('plain'), 'no program', { mode: 0o644 });
    writeFileSync(out('garbage'), 'no program', { mode: 0o755 });
    expect(
      await ask(
        'Run,nosuch',
        `Run,${out('plain')}`,
        `Run,${out('garbage')}`,
        'Run,true,@cwd=/nosuch',
        'Run,true,@user=nosuchuser',
      ),
    ).toEqual([
      'Error,"cannot run nosuch: ENOENT (No such file or directory) at exec",exec-failed,exec,ENOENT',
      `Error,"cannot run ${out('plain')}: EACCES (Permission denied) at exec",exec-failed,exec,EACCES`,
      `Error,"cannot run ${out('garbage')}: ENOEXEC (Exec format error) at exec",exec-failed,exec,ENOEXEC`,
      'Error,"cannot run true: ENOENT (No such file or directory) at cwd",exec-failed,cwd,ENOENT',
      'Error,@user: there is no user nosuchuser,bad-argument',
    ]);
  });

  it('carries out untagged requests one after the other', async () => {
    const file = out('order');
    const lines = [1, 2, 3].map((number) => `Run,"sh -c 'echo ${number} >> ${file}'"`);
    expect(await ask(...lines)).toEqual(['ExitStatus,0', 'ExitStatus,0', 'ExitStatus,0']);
    expect(readFileSync(file, 'utf8')).toBe('1\n2\n3\n');
  });

  it('runs tagged requests side by side and answers as they finish', async () => {
    const gate = out('gate');
    const answers = await ask(
      `#slow,Run,"sh -c 'mkfifo ${gate}; cat ${gate}'"`,
      '#refused,Nosuch',
      `#quick,Run,"sh -c 'until [ -p ${gate} ]; do :; done; echo > ${gate}'"`,
    );
    expect(answers[0]).toMatch(/^#refused,Error,.*,unknown-verb$/);
    expect([...answers].sort()).toEqual(['#quick,ExitStatus,0', answers[0], '#slow,ExitStatus,0']);
  });

  it('gives the base environment, its own two variables and the settings, and nothing else', async () => {
    const text = await outputOf('Run,env,COLOUR=blue,EMPTY=,A=x=y', 'environment');
    const env = new Map(
      text
        .trim()
        .split('\n')
        .map((line) => line.split(/=(.*)/s) as [string, string]),
    );
    expect(env.get('COLOUR')).toBe('blue');
    expect(env.get('EMPTY')).toBe('');
    expect(env.get('A')).toBe('x=y');
    expect(env.get('ARCHON_LABEL')).toBe('environment');
    expect(env.get('ARCHON_SOCKET')).toBe(supervisor.socket);
    const hidden = [...env.keys()].filter(
      (name) => /^(NODE_|LISTEN_|ARCHON_)/.test(name) && name !== 'ARCHON_LABEL' && name !== 'ARCHON_SOCKET',
    );
    expect(hidden).toEqual([]);
    expect((await outputOf('Run,/usr/bin/env,ONLY=this,@clean-env=1', 'clean')).split('\n').sort()).toEqual(
      ['', `ARCHON_LABEL=clean`, `ARCHON_SOCKET=${supervisor.socket}`, 'ONLY=this'].sort(),
    );
  });

  it('passes any bytes in words, unchanged', async () => {
    expect(await outputOf(String.raw`Run,"printf %s 'a, \xff\xc3\xa9\\n""b'"`, 'bytes')).toBe(
      'a, \xff\xc3\xa9\\n"b',
    );
  });

  it('begins in / or where it is told, with the umask that it is told', async () => {
    expect(await outputOf('Run,pwd', 'root')).toBe('/\n');
    expect(await outputOf('Run,"sh -c ""pwd; umask""",@cwd=/usr,@umask=027', 'told')).toBe('/usr\n0027\n');
  });

  it('gives the text of @stdin, or an empty input', async () => {
    expect(await outputOf('Run,cat,@stdin=two\\nlines', 'input')).toBe('two\nlines');
    expect(await ask('Run,"sh -c ""read x"""')).toEqual(['ExitStatus,1']);
  });

  it('has a session of its own, no terminal, default signals, and only its three descriptors', async () => {
    const text = await outputOf(
      `Run,"sh -c 'cut -d"" "" -f5,6,7 /proc/self/stat; echo $$; grep -E ""Sig(Blk|Ign)"" /proc/self/status; ls /proc/self/fd'"`,
      'bare',
    );
    const [first = '', shell = '', blocked, ignored, ...descriptors] = text.trim().split('\n');
    expect(first.split(' ').slice(1)).toEqual([shell, '0']);
    expect(blocked).toMatch(/:\s0+$/);
    expect(ignored).toMatch(/:\s0+$/);
    /* ls has one of its own for the folder. */
    expect(descriptors).toEqual(['0', '1', '2', '3']);
  });

  it('is stopped when its time is over: 124, and nothing of it is left', async () => {
    expect(
      await ask(
        `Run,"sh -c 'trap """" TERM; sleep 1000 & wait; sleep 1000'",@timeout=50ms,@stop-timeout=50ms`,
      ),
    ).toEqual(['ExitStatus,124']);
  });

  it('ends by Cancel with its ExitStatus, then comes the Ok of Cancel', async () => {
    expect(await ask('#run,Run,sleep 1000', '#cancel,Cancel,#run', '#none,Cancel,#run2')).toEqual([
      '#none,Error,no request in flight has the tag #run2,not-found',
      '#run,ExitStatus,143',
      '#cancel,Ok',
    ]);
  });

  it('leaves no record, unless it is to be kept', async () => {
    expect(await ask('Run,true,@label=gone', 'List,gone')).toEqual([
      'ExitStatus,0',
      'Error,there is no unit gone,not-found',
    ]);
    expect(await ask('Run,false,@label=kept,@keep=1', 'Wait,kept', 'Wait,kept')).toEqual([
      'ExitStatus,1',
      'ExitStatus,1',
      'Error,there is no unit kept,not-found',
    ]);
  });

  it.skipIf(isRoot)(
    'runs as its own user where it is told so, and as nobody else (not as root)',
    async () => {
      const own = `${process.getuid?.() ?? 0}`;
      const group = `${process.getgid?.() ?? 0}`;
      expect(await outputOf(`Run,id -u,@user=${own},@group=${group}`, 'own')).toBe(`${own}\n`);
      expect(await ask('Run,true,@user=0')).toEqual([
        expect.stringMatching(/^Error,.*,exec-failed,user,EPERM$/) as string,
      ]);
    },
  );

  it.runIf(isRoot)('runs as the user that it is told (needs root)', async () => {
    const text = await outputOf('Run,"sh -c ""id -u; id -g; id -G""",@user=65534,@group=12', 'nobody');
    expect(text.split('\n').slice(0, 2)).toEqual(['65534', '12']);
  });

  it.runIf(isRoot)(
    'passes over folders of the search path that its user may not look into (needs root)',
    async () => {
      mkdirSync(out('closed'), { mode: 0o700 });
      const search = `PATH=${out('closed')}:/usr/bin:/bin,@user=65534`;
      expect(await ask(`Run,true,${search}`, `Run,nosuch,${search}`)).toEqual([
        'ExitStatus,0',
        'Error,"cannot run nosuch: ENOENT (No such file or directory) at exec",exec-failed,exec,ENOENT',
      ]);
    },
  );
});

describe('StartDaemon', () => {
  it('answers a bare Ok, or label and pid where a label was asked for', async () => {
    expect(await ask('StartDaemon,sleep 1000')).toEqual(['Ok']);
    const [named = '', generated = ''] = await ask(
      'StartDaemon,sleep 1000,@label=github.com/a/b',
      'StartDaemon,sleep 1000,@label=',
    );
    expect(named).toMatch(/^Ok,github\.com\/a\/b,\d+$/);
    expect(generated).toMatch(/^Ok,sleep-2,\d+$/);
    expect((await ask('Stop,sleep*,github.com/*')).sort()).toEqual([
      'Done,github.com/a/b,stopped',
      'Done,sleep,stopped',
      'Done,sleep-2,stopped',
      'Ok,3',
    ]);
    expect(await ask('Forget,sleep*,github.com/*')).toEqual(['Ok,3']);
  });

  it('answers only once exec has succeeded, and leaves nothing of what could not be started', async () => {
    expect(await ask('StartDaemon,nosuch,@label=absent', 'List,absent')).toEqual([
      'Error,"cannot run nosuch: ENOENT (No such file or directory) at exec",exec-failed,exec,ENOENT',
      'Error,there is no unit absent,not-found',
    ]);
  });

  it('refuses a label that is up, and takes one that is down', async () => {
    const [first = '', second] = await ask(
      'StartDaemon,sleep 1000,@label=one',
      'StartDaemon,sleep 1000,@label=one',
    );
    expect(first).toMatch(/^Ok,one,/);
    expect(second).toBe('Error,one is running,busy');
    expect(await ask('StopDaemon,one', 'StartDaemon,true,@label=one', 'Wait,one', 'Forget,one')).toEqual([
      'Ok',
      expect.stringMatching(/^Ok,one,\d+$/),
      'ExitStatus,0',
      'Ok,1',
    ]);
  });

  it('starts again what is to be restarted, and not after a stop', async () => {
    const file = out('lives');
    await ask(`StartDaemon,"sh -c 'echo x >> ${file}; exec sleep 1000'",@label=again,@restart=always`);
    await untilFile(file, (text) => text === 'x\n');
    await ask('Signal,KILL,again');
    await untilFile(file, (text) => text === 'x\nx\n');
    expect(await ask('Wait,again,@for=running', 'Stop,again', 'Status,again')).toEqual(
      expect.arrayContaining([
        'Ok',
        'Done,again,stopped',
        'Ok,1',
        'Field,state,stopped',
        'Field,desired,down',
      ]),
    );
    /* Each life is let come as far as its line, and no further one comes after the stop. */
    expect(await ask('Start,again')).toEqual(['Done,again,running', 'Ok,1']);
    await untilFile(file, (text) => text === 'x\n'.repeat(3));
    expect(await ask('Restart,again')).toEqual(['Done,again,running', 'Ok,1']);
    await untilFile(file, (text) => text === 'x\n'.repeat(4));
    expect(await ask('Stop,again', 'Forget,again')).toEqual(['Done,again,stopped', 'Ok,1', 'Ok,1']);
    expect(readFileSync(file, 'latin1')).toBe('x\n'.repeat(4));
  });
});

describe('List', () => {
  it('is sorted by label, with state, pid, since, restarts and last exit', async () => {
    await ask('StartDaemon,sleep 1000,@label=l-b', `StartDaemon,"sh -c ""exit 3""",@label=l-a`);
    await ask('Wait,l-a,@for=failed');
    const [first, second, ok] = await ask('List,l-*');
    expect(first).toMatch(/^Unit,l-a,failed,,\d+(\.\d{1,9})?,0,,,code:3$/);
    expect(second).toMatch(/^Unit,l-b,running,\d+,\d+(\.\d{1,9})?,0,\d+\.\d,\d+,$/);
    expect(ok).toBe('Ok,2');
    expect(await ask('List,nothing*', '"List","{l-a,x}"')).toEqual(['Ok,0', first, 'Ok,1']);
    await ask('Stop,l-*', 'Forget,l-*');
  });

  it('tells of very many, too, what they use', async () => {
    const labels = Array.from({ length: 70 }, (_, index) => `many/${index}`);
    await ask(...labels.map((label) => `StartDaemon,sleep 1000,@label=${label}`));
    const form = /^Unit,many\/\d+,running,\d+,[\d.]+,0,\d+\.\d,[1-9]\d+,$/;
    /* A process that has just been made has no memory yet. */
    await expect
      .poll(async () => (await ask('List,many/*')).filter((line) => !form.test(line)))
      .toEqual(['Ok,70']);
    /* One that is another process since then is not told what the last one used. */
    await ask('Stop,many/7');
    const [seventh] = await ask('List,many/7');
    expect(seventh).toMatch(/^Unit,many\/7,stopped,,[\d.]+,0,,,/);
    await ask('Start,many/7');
    const again = await ask('List,many/*');
    expect(again.every((line) => /,\d+\.\d,[1-9]\d+,$|^Ok,70$|,signal:SIGTERM$/.test(line))).toBe(true);
    await ask('Stop,many/*', 'Forget,many/*');
  });
});

describe('Tree', () => {
  it('shows the processes of a unit depth first, orphans as roots of their own', async () => {
    const file = out('family');
    const script = `sleep 1001 & (setsid sleep 1002 & ) ; echo >> ${file}; wait; sleep 1003`;
    const [answer = ''] = await ask(`StartDaemon,"sh -c '${script}'",@label=family`);
    await untilFile(file, (text) => text === '\n');
    const main = answer.split(',')[2];
    /* Until each of the forked shells has become its sleep, all sleep, and the one between is gone. */
    let lines: string[][];
    do lines = (await ask('Tree,family')).map((line) => line.split(','));
    while (
      lines.at(-1)?.join() !== 'Ok,3' ||
      !['sleep 1001', 'sleep 1002', `sh -c ${script}`].every((words) =>
        lines.some((line) => line.slice(-2).join() === `S,${words}`),
      )
    );
    const shown = lines
      .slice(0, -1)
      .map(([, depth, pid, parent, label, state, words]) => ({ depth, pid, parent, label, state, words }));
    const of = { label: 'family', state: 'S' };
    expect(shown).toContainEqual(
      expect.objectContaining({ ...of, depth: '0', pid: main, words: `sh -c ${script}` }),
    );
    expect(shown).toContainEqual(
      expect.objectContaining({ ...of, depth: '1', parent: main, words: 'sleep 1001' }),
    );
    expect(shown).toContainEqual(expect.objectContaining({ ...of, depth: '0', words: 'sleep 1002' }));
    expect(await ask('Tree,nosuch')).toEqual(['Error,there is no unit nosuch,not-found']);
    await ask('Stop,family', 'Forget,family');
  });
});

describe('Log', () => {
  it('gives what a unit has written, or the last lines of it', async () => {
    await ask('Run,"printf \'one\\ntwo, \\\\377\\n\\nlast\'",@label=writer,@keep=1');
    expect(untimed(await ask('Log,writer'))).toEqual([
      'Line,TIME,one',
      String.raw`Line,TIME,"two, \xff"`,
      'Line,TIME,',
      'Line,TIME,last',
      'Ok,4',
    ]);
    expect(untimed(await ask('Log,writer,@lines=2', 'Log,writer,@lines=0', 'Log,writer,@lines=99'))).toEqual([
      'Line,TIME,',
      'Line,TIME,last',
      'Ok,2',
      'Ok,0',
      'Line,TIME,one',
      String.raw`Line,TIME,"two, \xff"`,
      'Line,TIME,',
      'Line,TIME,last',
      'Ok,4',
    ]);
    expect(
      await ask('Run,true,@label=silent,@keep=1', 'Log,silent', 'Log,nosuch', 'Forget,silent,writer'),
    ).toEqual(['ExitStatus,0', 'Ok,0', 'Error,there is no unit nosuch,not-found', 'Ok,2']);
  });
});

describe('an error', () => {
  it('carries the tag, says what was wrong, and leaves the connection usable', async () => {
    expect(
      await ask('#t,Run', '', 'Run,"a', 'Start,nosuch', 'Run,true,@cwdd=/', 'Upgrade', 'Version'),
    ).toEqual([
      '#t,Error,"write Run,<command>",bad-argument',
      expect.stringMatching(/^Error,.*,syntax$/),
      expect.stringMatching(/^Error,.*,syntax$/),
      'Error,there is no unit nosuch,not-found',
      expect.stringMatching(/^Error,.*@cwd\?.*,bad-argument$/),
      'Error,Upgrade cannot be had in this version,unsupported',
      `Ok,archon,${VERSION},1`,
    ]);
  });
});
