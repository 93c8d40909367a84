import { describe, it } from 'vitest';
import { attributes } from './attributes.ts';
import { clock } from './clock.ts';
import { descriptors } from './descriptors.ts';
import { ends } from './ends.ts';
import { files } from './files.ts';
import type { Capability, Implementation } from './harness.ts';
import { keeperDeath } from './keeper-death.ts';
import { kept } from './kept.ts';
import { limits } from './limits.ts';
import { listening } from './listening.ts';
import { network } from './network.ts';
import { notices } from './notices.ts';
import { output } from './output.ts';
import { pidfds } from './pidfds.ts';
import { ports } from './ports.ts';
import { readable } from './readable.ts';
import { restarting } from './restarting.ts';
import { rotation } from './rotation.ts';
import { sockets } from './sockets.ts';
import { storedFiles } from './stored-files.ts';
import { table } from './table.ts';
import type { Tester } from './tester.ts';
import { trees } from './trees.ts';
import { World } from './world.ts';

const SECTIONS = {
  'the clock and its timers': clock,
  'how a process ends': ends,
  'what a process is given': attributes,
  'trees and signals': trees,
  'limits of trees': limits,
  'the table': table,
  'kept descriptors': kept,
  'a new archond': restarting,
  'the death of the keeper': keeperDeath,
  'listening and connecting': listening,
  connections: sockets,
  'processes that are not children': pidfds,
  'output on its way to files': output,
  'logs that are full, and old ones': rotation,
  descriptors,
  'descriptors with something to read': readable,
  'what services say': notices,
  'sockets that are bound for others': ports,
  'the network': network,
  'folders, users and groups': files,
  'stored files': storedFiles,
};

/**
 * How every `Sys` behaves. One suite for all implementations: what passes here with the fake is what
 * the real one does, so that whatever is tested over the fake has been tested over the interface.
 */
export function describeSys(implementation: Implementation): void {
  const tester: Tester = (title, body, needs) => {
    const missing = needs === undefined ? true : implementation.capabilities[needs satisfies Capability];
    if (missing !== true) {
      it.skip(`${title} (not shown: ${missing})`);
      return;
    }
    it(title, async () => {
      const world = await World.open(implementation);
      try {
        await body(world);
        await world.finish();
      } finally {
        await world.close();
      }
    });
  };
  describe(implementation.name, () => {
    for (const [name, section] of Object.entries(SECTIONS)) {
      describe(name, () => section(tester));
    }
  });
}
