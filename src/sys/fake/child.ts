import type { SpawnOrder } from '../sys.ts';
import { type ExecFailure, execMs, goToExec, orderedAttributes } from './exec.ts';
import type { FakeKernel } from './kernel.ts';
import type { OpenFile } from './open-file.ts';
import type { FakeProcess } from './process.ts';
import type { Row } from './row.ts';

/** Forks the child of a spawn, which owns the files from now on and has not begun. */
export function makeChild(
  kernel: FakeKernel,
  row: Row,
  order: SpawnOrder,
  files: ReadonlyMap<number, OpenFile>,
  descriptorLimit: { readonly soft: number; readonly hard: number },
  keeperPid: number,
): FakeProcess {
  const attributes = orderedAttributes(kernel, order, descriptorLimit);
  const child = kernel.make({ parent: undefined, tree: row, attributes });
  for (const [number, file] of files) child.files.set(number, file);
  if (order.session === false) {
    child.session = keeperPid;
    child.group = keeperPid;
  }
  return child;
}

/** Lets the child go on, in tasks of its own, up to exec, and into its program; `running` when exec has succeeded. */
export function runToExec(
  kernel: FakeKernel,
  row: Row,
  child: FakeProcess,
  order: SpawnOrder,
  failure: ExecFailure | undefined,
  running: () => void,
): void {
  const exec = (): void => {
    child.begin(() => {
      const reached = goToExec(kernel, child, order, failure);
      if ('stage' in reached) {
        row.failToStart(child, reached.stage, reached.code);
        return;
      }
      running();
      reached.program(child);
    });
  };
  const ms = execMs(kernel, order);
  if (ms > 0) kernel.loop.schedule(kernel.loop.nowMs() + ms, exec);
  else kernel.loop.post(exec);
}
