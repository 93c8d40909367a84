import { describe, expect, it } from 'vitest';
import { TestSupervisor } from '../../support/supervisor.ts';
import { toldAmong, type Told } from '../../support/told.ts';
import { follow, untilLoaded, untilTold } from './watching.ts';

/** Takes its time over each event, and tells that it was offered it: the numbers are in what it publishes. */
const WITNESS = `on { kind = "exited", run = function(e)
  for i = 1, 10000 do local x = i * i end
  publish("seen", {label = "witness", of = e.sequence, late = tostring(e.late)})
end }`;

/** More rounds than are ever needed. */
const MOST_ROUNDS = 40;

const seenIn = (told: readonly Told[]): readonly Told[] => told.filter(({ kind }) => kind === 'seen');
const isLate = ({ details }: Told): boolean => details.get('late') === 'true';

describe('rules over deaths of archond', () => {
  it('are offered each event at most once, and late what there was no time to offer', async () => {
    await using supervisor = await TestSupervisor.start({ rules: { 'w.lua': WITNESS } });
    await untilLoaded(supervisor);
    let seen: readonly Told[] = [];
    for (let round = 1; round <= MOST_ROUNDS && (round <= 5 || !seen.some(isLate)); round += 1) {
      await supervisor.ask(...Array.from({ length: 40 }, (_, at) => `#${at},Run,true`));
      await supervisor.killDeciding();
      await untilLoaded(supervisor, round + 1);
      seen = seenIn(toldAmong(await supervisor.ask('Events')));
    }
    using client = await follow(supervisor);
    await supervisor.ask('Run,true,@label=last,@keep=1');
    const [last] = toldAmong(await supervisor.ask('Events,last,@kind=exited'));
    const isOfLast = ({ kind, details }: Told): boolean =>
      kind === 'seen' && details.get('of') === String(last?.sequence);
    const ofLast = await untilTold(client, isOfLast);
    expect(isLate(ofLast)).toBe(false);

    const told = toldAmong(await supervisor.ask('Events'));
    const ends = told.filter(({ kind }) => kind === 'exited').map(({ sequence }) => sequence);
    const numbers = seenIn(told).map(({ details }) => Number(details.get('of')));
    expect(numbers).toEqual([...new Set(numbers)].sort((one, other) => one - other));
    expect(numbers.filter((sequence) => !ends.includes(sequence))).toEqual([]);
    expect(seenIn(told).some(isLate)).toBe(true);
  });

  it('are not loaded in safe mode, and do not hear later of what happened in it', async () => {
    const rules = { 'w.lua': WITNESS };
    const first = await TestSupervisor.start({ rules });
    await untilLoaded(first);
    first.signal('SIGTERM');
    await first.ended();
    const safe = await first.again({ rules, args: ['--safe'] });
    expect(safe.log).toContain('no rules are loaded');
    await safe.ask('Run,true');
    expect(await safe.ask('Rules')).toEqual(['Ok,0']);
    expect((await safe.ask('ReloadRules'))[0]).toMatch(/^Error,.*,unsupported$/);
    safe.signal('SIGTERM');
    await safe.ended();
    await using last = await safe.again({ rules });
    await untilLoaded(last);
    using client = await follow(last);
    await last.ask('Run,true');
    await untilTold(client, ({ kind }) => kind === 'seen');
    expect(seenIn(toldAmong(await last.ask('Events'))).map(isLate)).toEqual([false]);
  });
});
