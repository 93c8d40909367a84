import { constants } from 'node:os';
import type { Control } from '../../../src/sys/fake/control.ts';
import type { FakeProcess, Program } from '../../../src/sys/fake/process.ts';
import { exits, runs } from '../../../src/sys/fake/programs.ts';
import type { Units } from '../stage/stage.ts';
import type { Ledger } from './ledger.ts';

const { SIGTERM } = constants.signals;
const READY = 3;
const SLOW_MS = 50;

/** So often `flaky` fails before it stays. */
export const FAILURES = 4;
/** Of `late`: after so long it is not waited for any more. */
export const LATE_MS = 1000;
/** Of `stubborn`: its patience, which it uses up. */
export const PATIENCE_MS = 2000;
/** The waits of `flaky` between an end and the next start. */
export const WAITS_MS = [0, 100, 200, 400] as const;

/** What the sweep's supervisor is to keep up: each of a kind that has its own way up and down. */
export const UNITS: Units = {
  base: { command: '/usr/bin/slow', ready: { fd: READY } },
  setup: { type: 'oneshot', command: '/usr/bin/done 0 30', 'stop-command': '/usr/bin/undo' },
  app: { command: '/usr/bin/parent', needs: ['base'], stop: { timeout: '1s' } },
  web: { command: '/usr/bin/polite', needs: ['app', 'setup'] },
  flaky: {
    command: '/usr/bin/flaky',
    restart: { policy: 'on-failure', delay: `${WAITS_MS[1]}ms`, factor: 2, jitter: 0, 'reset-after': '1h' },
  },
  stubborn: { command: '/usr/bin/stubborn', stop: { timeout: `${PATIENCE_MS}ms` } },
  late: {
    command: '/usr/bin/late',
    ready: { fd: READY, timeout: `${LATE_MS}ms` },
    restart: { policy: 'on-failure', jitter: 0 },
  },
  spare: { command: '/usr/bin/stays', enabled: false },
};

/** Puts the programs of `UNITS`, and some for requests, into a machine. They keep their book by themselves. */
export function installMachine(control: Control, ledger: Ledger): void {
  const becomesReady = (self: FakeProcess): void => {
    self.write(READY, '\n');
    runs()(self);
  };
  const isOnOrBefore = (self: FakeProcess, count: number): boolean => {
    const label = ledger.lives.find(({ pid }) => pid === self.pid)?.label ?? '';
    return ledger.of(label).length <= count;
  };
  const notes: Program = (self) => {
    self.on(SIGTERM, () => {
      ledger.term(self, control.nowMs());
    });
  };
  const programs: Readonly<Record<string, Program>> = {
    stays: runs(),
    slow: (self) => {
      self.after(SLOW_MS, () => becomesReady(self));
    },
    done: (self) => {
      const [, code = '0', ms = '0'] = self.args;
      exits(Number(code), Number(ms))(self);
    },
    polite: (self) => {
      self.on(SIGTERM, () => {
        exits(0, 20)(self);
      });
    },
    /* Goes at once, and leaves a child that does not. */
    parent: (self) => {
      self.fork((child) => {
        child.on(SIGTERM, 'ignore');
      });
    },
    flaky: (self) => {
      if (isOnOrBefore(self, FAILURES)) exits(1, 5)(self);
      else runs()(self);
    },
    stubborn: notes,
    late: (self) => {
      if (!isOnOrBefore(self, 1)) becomesReady(self);
    },
    undo: exits(0, 30),
  };
  for (const [name, program] of Object.entries(programs))
    control.install(`/usr/bin/${name}`, (self) => {
      self.write(1, `${self.pid} begins\n`);
      program(self);
    });
}
