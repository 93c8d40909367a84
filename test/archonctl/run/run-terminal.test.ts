import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestSupervisor } from '../../support/supervisor.ts';
import { archonctl } from '../client.ts';
import { PseudoTerminal } from './pseudo-terminal.ts';

const CTRL_C = '\x03';
const CTRL_BACKSLASH = '\x1c';
const CTRL_Z = '\x1a';

let supervisor: TestSupervisor;
beforeAll(async () => {
  supervisor = await TestSupervisor.start();
});
afterAll(async () => supervisor[Symbol.asyncDispose]());

const on = (command: string) => new PseudoTerminal(supervisor.socket, command);

/* A trap of bash that comes just before `read` begins to wait runs only after it: so none waits for long. */
describe('a command that is run on a terminal', () => {
  it('has the terminal as its input, output and error', async () => {
    await using terminal = on(
      `archonctl run sh -c 'tty <&0; tty <&1; tty <&2; echo so; read x; echo "x=$x"'`,
    );
    await terminal.until('so\r\n');
    terminal.type('typed\n');
    expect(await terminal.ended()).toBe(0);
    expect(terminal.shown).toMatch(/^(\/dev\/pts\/\d+\n)\1\1so\ntyped\nx=typed\n$/);
  });

  it.each([
    ['Ctrl-C', CTRL_C, 130],
    ['Ctrl-\\', CTRL_BACKSLASH, 131],
  ])('ends with %s, and so does archonctl', async (_, key, code) => {
    await using terminal = on(`archonctl run sh -c 'ulimit -c 0; echo armed; read x'`);
    await terminal.until('armed');
    terminal.type(key);
    expect(await terminal.ended()).toBe(code);
  });

  it('may take every Ctrl-C as it likes, as often as one is typed', async () => {
    await using terminal = on(
      `archonctl run bash -c 'trap "echo caught \\$((n += 1)); [ \\$n -lt 3 ] || exit 9" INT; echo armed; while :; do read -t 1; done'`,
    );
    await terminal.until('armed');
    for (const count of [1, 2, 3]) {
      terminal.type(CTRL_C);
      await terminal.until(`caught ${count}`);
    }
    expect(await terminal.ended()).toBe(9);
  });

  it('is stopped by Ctrl-Z with archonctl, and goes on with it', async () => {
    /* A shell takes what is typed only when it has shown its prompt; what comes sooner may be lost. */
    await using terminal = on('env PS1=ready: bash --norc --noprofile -i');
    const type = async (line: string): Promise<void> => {
      await terminal.until('ready:');
      terminal.type(`${line}\n`);
    };
    const command = 'echo ar""med; read; echo "read $REPLY"; exit 4';
    await type(`archonctl run -l held bash -c '${command}'`);
    await terminal.until('armed');
    terminal.type(CTRL_Z);
    await terminal.until('Stopped');
    await type('archonctl tree held --csv');
    await terminal.until(',held,T,');
    await type('fg');
    /* The shell names what it continues, and has given it the terminal. */
    await terminal.until('fg');
    await terminal.until('archonctl run');
    terminal.type('line\n');
    await terminal.until('read line');
    await type('exit $?');
    expect(await terminal.ended()).toBe(4);
  });

  it('is told of a change of the size of the window', async () => {
    /* stty sets rows and columns one after the other, and each is a change. */
    await using terminal = on(
      `archonctl run -l sized bash -c 'trap "stty size | grep -x \\"33 77\\" && exit 0" WINCH; echo armed; while :; do read -t 1; done'`,
    );
    await terminal.until('armed');
    const { stdout } = await archonctl(supervisor.socket, ['status', 'sized', '--json']);
    const { units } = JSON.parse(stdout) as { units: { pid: string }[] };
    const resize = await archonctl(supervisor.socket, [
      'run',
      'sh',
      '-c',
      `stty rows 33 cols 77 < /proc/${units[0]?.pid ?? ''}/fd/0`,
    ]);
    expect(resize).toEqual({ code: 0, stdout: '', stderr: '' });
    await terminal.until('33 77');
    expect(await terminal.ended()).toBe(0);
  });

  it('is hung up with the terminal', async () => {
    const terminal = on(
      `archonctl run -l hung --keep bash -c 'trap "exit 6" HUP; echo armed; while :; do read -t 1; done'`,
    );
    await terminal.until('armed');
    await terminal[Symbol.asyncDispose]();
    expect((await archonctl(supervisor.socket, ['wait', 'hung'])).stdout).toBe('6\n');
  });

  it('is announced to lack a controlling terminal where that matters, and only there', async () => {
    await using shell = on('archonctl run sh');
    await shell.until('archonctl: sh runs without a controlling terminal: it has no job control');
    shell.type('exit 3\n');
    expect(await shell.ended()).toBe(3);
    await using plain = on(`archonctl run sh -c 'tty > /dev/null'`);
    expect([await plain.ended(), plain.shown]).toEqual([0, '']);
    await using piped = on('echo exit 5 | archonctl run sh');
    expect([await piped.ended(), piped.shown]).toEqual([5, '']);
  });

  it('leaves the terminal as it found it', async () => {
    await using terminal = on(
      'stty -g > /dev/null; a=$(stty -g); archonctl run true; [ "$a" = "$(stty -g)" ] && echo same',
    );
    await terminal.until('same');
    expect(await terminal.ended()).toBe(0);
  });
});

describe('a table on a terminal', () => {
  const label = 'a-label-of-some-length-that-does-not-fit-into-a-narrow-window';
  beforeAll(async () => {
    await archonctl(supervisor.socket, ['start-daemon', '-l', label, 'sleep', '1000']);
  });
  afterAll(async () => {
    await archonctl(supervisor.socket, ['stop', label]);
  });

  it('fits, and has colour', async () => {
    await using terminal = on('stty cols 50; archonctl list');
    expect(await terminal.ended()).toBe(0);
    const lines = terminal.shown.split('\n');
    expect(lines[1]).toContain('…  \x1b[32mrunning\x1b[0m');
    // eslint-disable-next-line no-control-regex -- colours have no width
    for (const line of lines) expect(line.replace(/\x1b\[\d+m/g, '').length).toBeLessThanOrEqual(50);
  });

  it.each([
    ['NO_COLOR', 'NO_COLOR=1 archonctl list'],
    ['--no-color', 'archonctl list --no-color'],
    ['a terminal without', 'TERM=dumb archonctl list'],
  ])('has no colour with %s', async (_, command) => {
    await using terminal = on(command);
    expect(await terminal.ended()).toBe(0);
    expect(terminal.shown).toContain('running');
    expect(terminal.shown).not.toContain('\x1b');
  });
});

describe('waiting on a terminal', () => {
  it('shows what is waited for, and takes it away again', async () => {
    await archonctl(supervisor.socket, ['start-daemon', '-l', 'slow', 'sleep', '1000']);
    await using terminal = on('archonctl wait slow');
    await terminal.until('waiting for slow (');
    await archonctl(supervisor.socket, ['kill', '-9', 'slow']);
    expect(await terminal.ended()).toBe(0);
    expect(terminal.shown.endsWith('\r\x1b[K137\n')).toBe(true);
  });

  it('shows nothing where errors go elsewhere', async () => {
    await archonctl(supervisor.socket, ['start-daemon', '-l', 'slower', 'sleep', '1000']);
    await using terminal = on('archonctl wait slower 2>/dev/null; echo over');
    await using watched = on('archonctl wait slower');
    await watched.until('waiting for slower (1s)');
    await archonctl(supervisor.socket, ['kill', '-9', 'slower']);
    await terminal.until('over');
    expect(terminal.shown).toBe('137\nover\n');
    expect(await watched.ended()).toBe(0);
  });
});
