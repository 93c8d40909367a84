import type { Control } from '../../../src/sys/fake/control.ts';
import type { FakeProcess, Program } from '../../../src/sys/fake/process.ts';
import { exits, runs } from '../../../src/sys/fake/programs.ts';
import { BEHAVIOURS, type Behaviour } from './behaviours.ts';

const READY = 3;
const SLOW_MS = 50;

const sleep: Program = (self) => {
  exits(0, Number(self.args[1]) * 1000)(self);
};

function becomesReady(self: FakeProcess): void {
  self.write(READY, '\n');
  runs()(self);
}

/** What the scripts of `BEHAVIOURS` do, as programs of the fake machine. */
function programOf(behaviour: Behaviour, marks: Set<string>): Program {
  /** Whether it is the first that looks for its mark. */
  const isFirst = (self: FakeProcess): boolean => {
    const [mark = ''] = self.args.slice(1);
    const isNew = !marks.has(mark);
    marks.add(mark);
    return isNew;
  };
  switch (behaviour) {
    case 'slow-service':
      return (self) => {
        self.after(SLOW_MS, () => becomesReady(self));
      };
    case 'flaky-service':
      return (self) => {
        if (isFirst(self)) self.exit(1);
        else becomesReady(self);
      };
    case 'flaky-oneshot':
      return (self) => self.exit(isFirst(self) ? 1 : 0);
  }
}

/** Puts what histories run into a machine: a few usual programs, and those of `BEHAVIOURS` in this folder. */
export function installPrograms(control: Control, folder: string): void {
  control.install('/usr/bin/sleep', sleep);
  control.install('/usr/bin/true', exits(0));
  control.install('/usr/bin/false', exits(1));
  const marks = new Set<string>();
  for (const behaviour of BEHAVIOURS) control.install(`${folder}/${behaviour}`, programOf(behaviour, marks));
}
