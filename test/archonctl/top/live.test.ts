import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestSupervisor } from '../../support/supervisor.ts';
import { archonctl } from '../client.ts';
import { PseudoTerminal } from '../run/pseudo-terminal.ts';
import { TerminalScreen } from './terminal-screen.ts';

const CTRL_C = '\x03';
const CTRL_Z = '\x1a';
const ENTERED = '\x1b[?1049h';
const LEFT = '\x1b[?1049l';

const CONFIG = `
version: 1
units:
  web: {command: [sleep, '1000']}
  github.com/relab/goxos/kvs/kvsd: {command: [sleep, '1000']}
  worker: {command: [sleep, '1000'], instances: 2}
  broken: {command: [/nosuch]}
`;

let supervisor: TestSupervisor;
beforeAll(async () => {
  supervisor = await TestSupervisor.start({ config: CONFIG });
});
afterAll(async () => supervisor[Symbol.asyncDispose]());

/** A terminal of 24 rows and 80 columns, which tells its name and afterwards whether it is as it was. */
const on = (command: string, env: Readonly<Record<string, string>> = {}): PseudoTerminal =>
  new PseudoTerminal(
    supervisor.socket,
    `stty rows 24 cols 80; echo "at $(tty) "; a=$(stty -g); ${command}; code=$?; [ "$a" = "$(stty -g)" ] && echo same $code`,
    { LANG: 'C.UTF-8', NO_COLOR: '1', ...env },
  );

/** What its screen shows of all that was written since the program took it. */
function screenOf(terminal: PseudoTerminal, rows = 24, columns = 80): TerminalScreen {
  const { shown } = terminal;
  /* Of what is being written a sequence may be there in part. */
  // eslint-disable-next-line no-control-regex -- ESC begins it
  const whole = shown.slice(shown.lastIndexOf(ENTERED)).replace(/\x1b(?:\[[?\d;]*)?$/, '');
  return new TerminalScreen(rows, columns).write(whole);
}

describe('top on a terminal', () => {
  it('shows every unit, by the order that was asked for, and ends with q', async () => {
    await using terminal = on('archonctl top --sort label');
    await terminal.until(ENTERED);
    await terminal.until('worker@2');
    terminal.type('q');
    await terminal.until('same 0');
    const left = terminal.shown.slice(0, terminal.shown.lastIndexOf(LEFT));
    const frame = left.slice(left.lastIndexOf(ENTERED), left.lastIndexOf('\x1b[0m\x1b[999;1H'));
    const { lines } = new TerminalScreen(24, 80).write(frame);
    expect(lines[1]).toBe('5 units: 4 running, 1 failed');
    expect(lines[4]).toMatch(/^LABEL▾ +STATE +CPU% +MEMORY +FDS +THR +RESTARTS +AGE$/);
    expect(lines.slice(5, 10).map((line) => line.split(/ +/).slice(0, 2))).toEqual([
      ['broken', 'failed'],
      ['github.com…/goxos/kvs/kvsd', 'running'],
      ['web', 'running'],
      ['worker@1', 'running'],
      ['worker@2', 'running'],
    ]);
    expect(await terminal.ended()).toBe(0);
  });

  it('says that the supervisor is gone, and goes on with the next one', async () => {
    const own = await TestSupervisor.start({ config: CONFIG });
    await using terminal = new PseudoTerminal(own.socket, 'stty rows 24 cols 80; archonctl top', {
      LANG: 'C.UTF-8',
      NO_COLOR: '1',
    });
    await terminal.until('1-5 of 5');
    await own.killDeciding();
    expect(
      (await archonctl(own.socket, ['start-daemon', '-l', 'after-the-first', 'sleep', '1000'])).code,
    ).toBe(0);
    await terminal.until('after-the-first');
    await own.killAll();
    await terminal.until('the supervisor is gone; waiting for it to come back');
    await using next = await own.again();
    expect(
      (await archonctl(next.socket, ['start-daemon', '-l', 'after-the-second', 'sleep', '1000'])).code,
    ).toBe(0);
    await terminal.until('after-the-second');
    expect(screenOf(terminal).lines[3]).toBe('');
    terminal.type('q');
    expect(await terminal.ended()).toBe(0);
  }, 120_000);

  it('takes keys: another order, a filter, one unit and back', async () => {
    await using terminal = on('archonctl top');
    await terminal.until('▾CPU%');
    terminal.type('m');
    await terminal.until('▾MEMORY');
    terminal.type('/work');
    await terminal.until('filter: work');
    terminal.type('\n');
    await terminal.until('filter: work  (2 of 5 units; Esc shows all)');
    expect(screenOf(terminal).lines[7]).toBe('');
    terminal.type('j\n');
    await terminal.until('Esc all units');
    await terminal.until('running for ');
    terminal.type('\x1b');
    await terminal.until('1-2 of 2');
    terminal.type('\x1b');
    terminal.type('\x1b');
    await terminal.until('1-5 of 5');
    terminal.type('?');
    await terminal.until('Keys');
    terminal.type('\n');
    await terminal.until('1-5 of 5');
    terminal.type('q');
    await terminal.until('same 0');
  });

  it('begins with the page of a unit that is named', async () => {
    await using terminal = on('archonctl top web');
    await terminal.until('running for ');
    await terminal.until('Esc all units');
    terminal.type('q');
    await terminal.until('same 0');
  });

  it.each([
    ['SIGTERM', 143],
    ['SIGHUP', 129],
    ['SIGQUIT', 131],
  ])('gives the terminal back at %s', async (signal, code) => {
    await using terminal = on(`sh -c 'echo "pid $$ "; exec archonctl top'`);
    await terminal.until('1-5 of 5');
    const [, pid = ''] = /pid (\d+) /.exec(terminal.shown) ?? [];
    process.kill(Number(pid), signal);
    await terminal.until(LEFT);
    await terminal.until(`same ${code}`);
  });

  it('ends with Ctrl-C, by the code of what is interrupted', async () => {
    await using terminal = on('archonctl top');
    await terminal.until('1-5 of 5');
    terminal.type(CTRL_C);
    await terminal.until(LEFT);
    await terminal.until('same 130');
  });

  it('is stopped by Ctrl-Z with the terminal as it was, and goes on with fg', async () => {
    await using terminal = new PseudoTerminal(
      supervisor.socket,
      'env PS1=ready: bash --norc --noprofile -i',
      {
        LANG: 'C.UTF-8',
        NO_COLOR: '1',
      },
    );
    const type = async (line: string): Promise<void> => {
      await terminal.until('ready:');
      terminal.type(`${line}\n`);
    };
    await type('stty rows 24 cols 80; archonctl top');
    await terminal.until('1-5 of 5');
    terminal.type(CTRL_Z);
    await terminal.until(LEFT);
    await terminal.until('Stopped');
    await type('stty -a');
    await terminal.until(' icanon');
    await type('fg');
    await terminal.until(ENTERED);
    await terminal.until('1-5 of 5');
    /* It is cleared and drawn once more where the signal to continue is heard behind the stop. */
    await expect.poll(() => screenOf(terminal).lines[1]).toBe('5 units: 4 running, 1 failed');
    terminal.type('q');
    await terminal.until(LEFT);
    await type('exit 7');
    expect(await terminal.ended()).toBe(7);
  });

  it('follows the size of the window', async () => {
    await using terminal = on('archonctl top');
    await terminal.until('1-5 of 5');
    expect(screenOf(terminal).lines[4]).not.toContain('PROC');
    const [, tty = ''] = /at (\S+) /.exec(terminal.shown) ?? [];
    /* Rows and columns are set one after the other, and each is a change. */
    expect(spawnSync('stty', ['-F', tty, 'rows', '10', 'cols', '150']).status).toBe(0);
    await terminal.until('PROC');
    await terminal.until('1-4 of 5');
    terminal.type('q');
    await terminal.until('same 0');
  });
});

describe('top where it cannot, or is not to, fill the screen', () => {
  it.each([
    ['with --once', 'archonctl top --once'],
    ['on a terminal that can only be written to', 'TERM=dumb archonctl top'],
    ['in a pipe', 'archonctl top | cat'],
  ])('prints a table %s', async (_, command) => {
    await using terminal = on(command);
    await terminal.until('same 0');
    expect(terminal.shown).not.toContain(ENTERED);
    expect(terminal.shown).toMatch(/5 units: .*LABEL .*web +.*running/s);
  });

  it('prints JSON and CSV, once or again and again', async () => {
    const { stdout } = await archonctl(supervisor.socket, ['top', '--json', '--sort', 'label', 'w*']);
    const { totals, units } = JSON.parse(stdout) as { totals: object; units: Record<string, unknown>[] };
    expect(totals).toMatchObject({ units: 3, states: { running: 3 }, processes: 3 });
    expect(units.map(({ label }) => label)).toEqual(['web', 'worker@1', 'worker@2']);
    expect(units[0]).toMatchObject({
      state: 'running',
      restarts: 0,
      lastExit: null,
      processes: 1,
      threads: 1,
    });
    expect(units[0]?.['memoryBytes']).toBeGreaterThan(1000);
    const csv = (await archonctl(supervisor.socket, ['top', '--csv', 'web'])).stdout.split('\n');
    expect(csv).toHaveLength(3);
    expect(csv[0]).toMatch(/^time,label,state,pid,/);
    await using terminal = on('archonctl top --json --every 100ms web | head -n 3');
    await terminal.until('same 0');
    expect(terminal.shown.match(/^\{"time":.*\}$/gm)).toHaveLength(3);
  });

  it('says what is wrong with what was asked', async () => {
    expect(await archonctl(supervisor.socket, ['top', 'nosuch'])).toMatchObject({ code: 4, stdout: '' });
    const order = await archonctl(supervisor.socket, ['top', '--sort', 'memroy']);
    expect(order.code).toBe(2);
    expect(order.stderr).toContain('did you mean memory?');
    const often = await archonctl(supervisor.socket, ['top', '--every', '1ms']);
    expect([often.code, often.stderr]).toEqual([2, expect.stringContaining('write 100ms or more')]);
    expect((await archonctl(`${supervisor.folder}/none`, ['top'])).code).toBe(69);
  });
});
