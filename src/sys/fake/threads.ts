import type { Worker, WorkerListener, Workers } from '../workers.ts';
import type { View } from './view.ts';

/** What a program in a worker does, in the fake: it gets messages and posts some. */
export type ThreadProgram = (post: (message: unknown) => void) => (message: unknown) => void;

/** `Sys.workers`, out of `FakeKernel.threads`: what there is no program for ends at once. */
export class FakeWorkers implements Workers {
  readonly #view: View;

  constructor(view: View) {
    this.#view = view;
  }

  start(program: string, _heapMb: number, listener: WorkerListener): Worker {
    const view = this.#view;
    view.call('workers.start');
    let isOver = false;
    const tell = (action: () => void): void => {
      view.post(() => {
        if (!isOver) action();
      });
    };
    const take = view.kernel.threads.get(program)?.((message) => {
      tell(() => {
        listener.message(structuredClone(message));
      });
    });
    if (take === undefined)
      tell(() => {
        isOver = true;
        listener.ended(`there is no ${program}`, -1);
      });
    return {
      post: (message) => {
        view.call('workers.post');
        const copy = structuredClone(message);
        view.kernel.loop.schedule(view.kernel.loop.nowMs(), () => {
          if (!isOver) take?.(copy);
        });
      },
      end: () => {
        isOver = true;
      },
    };
  }
}
