import type { Sys } from '../sys.ts';
import { FakeDescriptors } from './descriptors.ts';
import { FakeFiles } from './files.ts';
import { KeeperDoor } from './keeper-door.ts';
import type { FakeKeeper } from './keeper.ts';
import type { FakeKernel } from './kernel.ts';
import { FakeLimits } from './limits.ts';
import { FakeNetwork } from './network.ts';
import { FakeNotices } from './notices.ts';
import { FakeOldFiles } from './old-files.ts';
import { FakeOutput } from './output.ts';
import { FakeApart } from './apart.ts';
import { FakePidfds } from './pidfds.ts';
import { FakePorts } from './ports.ts';
import { FakeSockets } from './sockets.ts';
import { FakeWorkers } from './threads.ts';
import { FakeUsers } from './users.ts';
import { View } from './view.ts';

/** A new life of archond: its `Sys`, and the view with which the fake sees what it holds. */
export function makeView(
  kernel: FakeKernel,
  keeper: FakeKeeper,
  epoch: number,
  failures: Map<string, string[]>,
  chance: () => number,
): { readonly sys: Sys; readonly view: View } {
  const view = new View(kernel, kernel.takePid(), epoch, failures);
  const clock = {
    monotonicMs: () => kernel.loop.nowMs(),
    realtimeNs: () => kernel.wallNs(),
  };
  const timers = {
    at(atMs: number, action: () => void): () => void {
      view.call('timers.at');
      const cancel = kernel.loop.schedule(atMs, () => {
        forget();
        action();
      });
      const forget = view.atDeath(cancel);
      return () => {
        forget();
        cancel();
      };
    },
  };
  const sys: Sys = {
    clock,
    timers,
    chance,
    keeper: new KeeperDoor(keeper, view),
    limits: new FakeLimits(keeper, view),
    sockets: new FakeSockets(view),
    pidfds: new FakePidfds(view),
    notices: new FakeNotices(view),
    network: new FakeNetwork(view),
    ports: new FakePorts(view),
    output: new FakeOutput(view),
    descriptors: new FakeDescriptors(view),
    users: new FakeUsers(view),
    programs: new FakeApart(view),
    workers: new FakeWorkers(view),
    files: new FakeFiles(view),
    oldFiles: new FakeOldFiles(view),
    close: () => view.close(),
  };
  return { sys, view };
}
