import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestSupervisor } from '../support/supervisor.ts';

const HAS_NC = spawnSync('sh', ['-c', 'nc -h 2>&1 | grep -q -- -U'], { encoding: 'utf8' }).status === 0;

/** What the page promises: requests as lines from a shell, answers as lines to it. */
describe.skipIf(!HAS_NC)('nc -N -U (needs netcat-openbsd)', () => {
  let supervisor: TestSupervisor;
  let out: string;

  beforeAll(async () => {
    supervisor = await TestSupervisor.start();
    out = path.join(supervisor.folder, 'out');
    mkdirSync(out);
  });

  afterAll(async () => {
    await supervisor[Symbol.asyncDispose]();
  });

  /** The lines that a shell gets of this script, in which `ask` sends its input and shows the answer. */
  const shell = (script: string): string[] => {
    const { stdout, stderr, status } = spawnSync('sh', ['-eu', '-c', `ask() { nc -N -U "$S"; }\n${script}`], {
      encoding: 'latin1',
      env: { ...process.env, S: supervisor.socket, OUT: out },
      timeout: 50_000,
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    return stdout.split('\n').slice(0, -1);
  };

  it('runs one command after the other, as the page shows', () => {
    expect(shell(`printf 'Run,true\\nRun,sh -c "exit 3"\\nRun,false\\n' | ask`)).toEqual([
      'ExitStatus,0',
      expect.stringMatching(/^Error,.*,syntax$/),
      'ExitStatus,1',
    ]);
    shell(`ask <<'END'
Run,"sh -c ""sleep 0.05; echo 1 >> ${out}/o"""
Run,sh -c 'echo 2 >> ${out}/o'
END`);
    expect(readFileSync(path.join(out, 'o'), 'utf8')).toBe('1\n2\n');
  });

  it('asks Version, and tells faults of a line from the next line', () => {
    expect(shell(`printf 'Version\\r\\n\\nversion,x\\nNosuch\\n#7,VERSION\\n' | ask`)).toEqual([
      expect.stringMatching(/^Ok,archon,[^,]+,1$/),
      expect.stringMatching(/^Error,.*,syntax$/),
      expect.stringMatching(/^Error,.*,bad-argument$/),
      expect.stringMatching(/^Error,.*,unknown-verb$/),
      expect.stringMatching(/^#7,Ok,archon,/),
    ]);
  });

  it('starts, looks at, signals, waits for, stops and forgets a daemon', () => {
    const lines = shell(`
      echo 'StartDaemon,sleep 1000,@label=d,@restart=never' | ask
      echo 'List,d' | ask | cut -d, -f1-3
      echo 'Status,d' | ask | grep -E '^(Field,(state|desired|restarts)|Ok)'
      echo 'Tree,d' | ask | cut -d, -f1,2,5,7
      echo 'Signal,TERM,d' | ask
      echo 'Wait,d' | ask
      echo 'Start,d' | ask
      echo 'Restart,d' | ask
      echo 'Wait,d,@for=running,@timeout=10s' | ask
      echo 'Wait,d,@timeout=10ms' | ask
      echo 'Stop,"{d,e}*"' | ask
      echo 'StopDaemon,d' | ask
      echo 'Events,d,@kind=exited,@last=1' | ask | cut -d, -f1,4,5
      echo 'Forget,d' | ask
      echo 'List' | ask`);
    expect(lines).toEqual([
      expect.stringMatching(/^Ok,d,\d+$/),
      'Unit,d,running',
      'Ok,1',
      'Field,state,running',
      'Field,desired,up',
      'Field,restarts,0',
      'Ok',
      'Process,0,d,sleep 1000',
      'Ok,1',
      'Ok,1',
      'ExitStatus,143',
      'Done,d,running',
      'Ok,1',
      'Done,d,running',
      'Ok,1',
      'Ok',
      expect.stringMatching(/^Error,.*,timed-out$/),
      'Done,d,stopped',
      'Ok,1',
      'Ok',
      'Event,d,exited',
      'Ok',
      'Ok,1',
      'Ok,0',
    ]);
  });

  it('reads what a command has written, and watches the shell that asks', () => {
    expect(
      shell(`
        echo 'Run,printf "one",@label=w' | ask
        echo "Run,sh -c 'echo one; echo two',@label=w" | ask
        printf 'Log,w\\nLog,w,@lines=1\\n' | ask
        echo "MonitorPid,$$,@label=shell" | ask | cut -d, -f1,2
        echo 'Stop,shell' | ask
        echo 'MonitorFD' | ask
        echo 'Forget,shell' | ask`),
    ).toEqual([
      expect.stringMatching(/^Error,.*,syntax$/),
      'ExitStatus,0',
      expect.stringMatching(/^Line,\d+(?:\.\d+)?,one$/),
      expect.stringMatching(/^Line,\d+(?:\.\d+)?,two$/),
      'Ok,2',
      expect.stringMatching(/^Line,\d+(?:\.\d+)?,two$/),
      'Ok,1',
      'Ok,shell',
      expect.stringMatching(/^Error,.*,unsupported$/),
      expect.stringMatching(/^Error,.*,bad-argument$/),
      'Ok,1',
    ]);
  });

  it('runs tagged requests side by side, and cancels one', () => {
    const lines = shell(
      `printf '#slow,Run,sleep 1000,@label=s\\n#g,Wait,s,@for=running\\n#c,Cancel,slow\\n' | ask`,
    );
    expect(lines.indexOf('#c,Ok')).toBe(lines.indexOf('#slow,ExitStatus,143') + 1);
    expect(shell(`printf '#a,Run,false\\n#b,Run,true\\n' | ask`).sort()).toEqual([
      '#a,ExitStatus,1',
      '#b,ExitStatus,0',
    ]);
  });

  it('brings the supervisor to its end, being told of what goes down', async () => {
    expect(
      shell(`echo 'StartDaemon,sleep 1000,@label=last' | ask >/dev/null; echo 'Shutdown,@timeout=5s' | ask`),
    ).toEqual(['Done,last,stopped', 'Ok']);
    expect(await supervisor.ended()).toBe(0);
  });
});
