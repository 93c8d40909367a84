import os from 'node:os';
import { whyUnlimited } from '../../support/cgroups.ts';
import { describeSys } from '../suite/describe-sys.ts';
import { RealHarness } from './real-harness.ts';

/** Whether a keeper can make its trees of cgroups here, and else what it says. */
async function tryCgroups(): Promise<true | string> {
  try {
    const harness = await RealHarness.make('cgroup');
    harness.sys.keeper.listen({
      changed: () => undefined,
      signalled: () => undefined,
      orphaned: () => undefined,
      gone: () => undefined,
    });
    await new Promise<void>((done) => harness.sys.keeper.hello(() => done()));
    await harness.close();
    return true;
  } catch (error) {
    return String(error);
  }
}

/** Only from 6.15 on does the kernel tell the code of a process that has been reaped. */
function tellsEnds(): true | string {
  const [major = 0, minor = 0] = os.release().split('.').map(Number);
  return major > 6 || (major === 6 && minor >= 15) ? true : `Linux ${os.release()} does not tell it`;
}

const cgroup = await tryCgroups();
const otherUser = process.getuid?.() === 0 ? true : 'only root may';
const capabilities = { 'other-user': otherUser, restart: true, 'ends-of-strangers': tellsEnds() } as const;

describeSys({
  name: 'the real one with minders',
  capabilities: {
    ...capabilities,
    cgroup: 'its keeper was told to use minders',
    controllers: 'its keeper was told to use minders',
  },
  make: () => RealHarness.make('minder'),
});

if (cgroup === true) {
  describeSys({
    name: 'the real one with cgroups',
    capabilities: { ...capabilities, cgroup, controllers: whyUnlimited() ?? true },
    make: () => RealHarness.make('cgroup'),
  });
}
