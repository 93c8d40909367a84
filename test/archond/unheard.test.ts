import { describe, expect, it } from 'vitest';
import { exits } from '../../src/sys/fake/programs.ts';
import { allIgnoreLastWords } from './stage/last-words.ts';
import { VirtualHost } from './stage/virtual-host.ts';

/** A host on which nothing can be sent to clients once the command has ended, until the first is cut off by it. */
async function cutOff(line: string, before: readonly string[] = []): Promise<VirtualHost> {
  const host = await VirtualHost.start({});
  const { control } = host;
  control.install('/usr/bin/seven', exits(7, 30));
  for (const earlier of before) await host.ask(earlier);
  const client = host.connect(line);
  control.kernel.faults.plan = (_at, call) => (call === 'sendmsg' ? 'EPIPE' : undefined);
  await host.until(() => client.isGone);
  control.kernel.faults.plan = () => undefined;
  control.advanceMs(1);
  return host;
}

describe('an answer that cannot be delivered', () => {
  allIgnoreLastWords();

  it('of a Run leaves its record to whoever waits for it, once', async () => {
    await using host = await cutOff('Run,/usr/bin/seven,@label=lost');
    expect(await host.ask('Wait,lost', 'Wait,lost')).toEqual([
      'ExitStatus,7',
      'Error,there is no unit lost,not-found',
    ]);
  });

  it('of a Wait leaves the record of the Run to the next one', async () => {
    await using host = await cutOff('Wait,kept', ['Run,/usr/bin/seven,@label=kept,@keep=1']);
    expect(await host.ask('Wait,kept', 'Wait,kept')).toEqual([
      'ExitStatus,7',
      'Error,there is no unit kept,not-found',
    ]);
  });

  it('of a Run is no obstacle to the next one of that label', async () => {
    await using host = await cutOff('Run,/usr/bin/seven,@label=lost');
    expect(await host.ask('Run,/usr/bin/seven,@label=lost', 'Wait,lost')).toEqual([
      'ExitStatus,7',
      'Error,there is no unit lost,not-found',
    ]);
  });

  it('is known over a death of archond', async () => {
    await using host = await cutOff('Run,/usr/bin/seven,@label=lost');
    await host.killDeciding();
    expect(await host.ask('Wait,lost')).toEqual(['ExitStatus,7']);
  });
});
