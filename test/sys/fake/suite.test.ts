import type { Control } from '../../../src/sys/fake/control.ts';
import type { FakeOptions } from '../../../src/sys/fake/fake-sys.ts';
import { describeSys } from '../suite/describe-sys.ts';
import { fakeHarness } from './fake-harness.ts';

const ALL = { 'other-user': true, restart: true, 'ends-of-strangers': true, cgroup: true } as const;

function describeFake(name: string, options: FakeOptions = {}, prepare?: (control: Control) => void): void {
  const controllers = options.tree === 'minder' ? 'its trees have minders' : true;
  describeSys({ name, capabilities: { ...ALL, controllers }, make: () => fakeHarness(options, prepare) });
}

describeFake('the fake');

// The same with other habits, each of which a real machine may have: what the suite asks for must hold for all.
describeFake('the fake with minders', { tree: 'minder' });
describeFake('the fake with a slow keeper', {}, ({ keeper }) => {
  keeper.settings.askDelayMs = 3;
  keeper.settings.tellDelayMs = 50;
});
describeFake('the fake with a talkative keeper', { tree: 'minder' }, ({ keeper }) => {
  keeper.settings.tellTwice = true;
  keeper.settings.minderMs = 20;
});
describeFake('the fake with short reads and small buffers', {}, ({ kernel }) => {
  kernel.settings.readBytes = 7;
  kernel.settings.socketBytes = 4096;
  kernel.settings.pipeBytes = 4096;
});
