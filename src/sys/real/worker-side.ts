import { parentPort, workerData } from 'node:worker_threads';
import type { WorkerSide } from '../workers.ts';

/** What a program has of the worker that it runs in; throws where it runs in none. */
export function workerSide(): WorkerSide {
  const port = parentPort;
  if (port === null) throw new Error('this program is started by archond as a worker');
  const shared = workerData as Int32Array;
  return {
    listen: (take) => {
      port.on('message', take);
    },
    post: (message) => {
      port.postMessage(message);
    },
    note: (value) => {
      Atomics.store(shared, 0, value);
    },
    wallMs: () => performance.now(),
    nowS: () => Date.now() / 1000,
  };
}
