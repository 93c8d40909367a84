import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { untilFile } from '../support/files.ts';
import { TestSupervisor } from '../support/supervisor.ts';

/** What the command writes down of its story: a line for each end. */
function teller(file: string): string {
  return `sh -c 'echo $ARCHON_LABEL,$ARCHON_CODE,$ARCHON_SIGNAL,$ARCHON_REASON,$FOO >> ${file}'`;
}

describe('what is run at the end of a daemon', () => {
  it('is run at each end, with its surroundings, and told how it ended', async () => {
    await using supervisor = await TestSupervisor.start();
    const file = path.join(supervisor.folder, 'out');
    const [started] = await supervisor.ask(
      `StartDaemon,"sh -c 'exit 7'",FOO=bar,@label=ends,"@on-exit=${teller(file)}"`,
    );
    expect(started).toMatch(/^Ok,ends,\d+$/);
    await untilFile(file, (text) => text === 'ends,7,,exited,bar\n');
    await supervisor.ask(`StartDaemon,sleep 1000,@label=stopped,"@on-exit=${teller(file)}"`, 'Stop,stopped');
    await untilFile(file, (text) => text.includes('stopped,,SIGTERM,requested,\n'));
  });

  it('is remembered over the death of the deciding part', async () => {
    await using supervisor = await TestSupervisor.start();
    const file = path.join(supervisor.folder, 'out');
    await supervisor.ask(`StartDaemon,sleep 1000,@label=lasting,"@on-exit=${teller(file)}"`);
    await supervisor.killDeciding();
    await supervisor.ask('Signal,KILL,lasting');
    await untilFile(file, (text) => text.includes('lasting,,SIGKILL,signalled,\n'));
  });
});
