import { Worker as Thread } from 'node:worker_threads';
import type { Worker, WorkerListener, Workers } from '../workers.ts';

/** Of the heap what is young; Node's own default is the larger part of a small heap. */
const YOUNG_MB = 4;

/** `Sys.workers`: threads of Node. */
export const realWorkers: Workers = {
  start(program, heapMb, listener: WorkerListener): Worker {
    const shared = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
    const thread = new Thread(program, {
      workerData: shared,
      resourceLimits: { maxOldGenerationSizeMb: heapMb, maxYoungGenerationSizeMb: YOUNG_MB },
      /* What it says must not go through this loop's own streams. */
      stdin: false,
    });
    let isOver = false;
    const over = (why: string): void => {
      if (isOver) return;
      isOver = true;
      listener.ended(why, Atomics.load(shared, 0));
    };
    thread.on('message', (message: unknown) => {
      if (!isOver) listener.message(message);
    });
    thread.on('error', (error: Error) => {
      over(error.message);
    });
    thread.on('exit', (code) => {
      over(`it ended with ${code}`);
    });
    /* A supervisor that is done does not wait for it. */
    thread.unref();
    return {
      post: (message) => {
        if (!isOver) thread.postMessage(message);
      },
      end: () => {
        isOver = true;
        void thread.terminate();
      },
    };
  },
};
