import { StreamClient } from '../../support/stream-client.ts';
import type { TestSupervisor } from '../../support/supervisor.ts';
import { toldAmong, toldIn, type Told } from '../../support/told.ts';

/** Follows all events from the first on. */
export async function follow(supervisor: TestSupervisor): Promise<StreamClient> {
  const client = await StreamClient.connect(supervisor.socket, 'Subscribe,*');
  await client.untilLine(/^Ok,/);
  return client;
}

/** Resolves with the first event that is so. */
export async function untilTold(client: StreamClient, isSo: (event: Told) => boolean): Promise<Told> {
  const isIt = (line: string): boolean => {
    const told = toldIn(line);
    return told !== undefined && isSo(told);
  };
  await client.until((lines) => lines.some(isIt));
  const [found] = toldAmong(client.lines.filter(isIt));
  if (found === undefined) throw new Error('an event went missing');
  return found;
}

/** Resolves when the rules are loaded: what happens from then on is offered to them. */
export async function untilLoaded(supervisor: TestSupervisor, times = 1): Promise<void> {
  await supervisor.untilLog(
    (log) => log.split('"msg":"rules are loaded"').length - 1 >= times,
    `rules loaded ${times} times`,
  );
}

/** What all notes say, oldest first. */
export async function notes(supervisor: TestSupervisor): Promise<string[]> {
  const told = toldAmong(await supervisor.ask('Events,@kind=note'));
  return told.map(({ details }) => details.get('text') ?? '');
}
