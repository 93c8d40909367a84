import type { RestartPolicy } from '../../src/supervisor/unit.ts';
import type { Entry } from './world.ts';

/**
 * What a history does wrong about the restarts that nobody ordered: told independently of the code, by
 * the policy's own words. The first is immediate; then the delay, grown by the factor, up to the longest,
 * within the jitter; anew after running long enough; never more than the limit allows.
 */
export function delayFaults(policy: RestartPolicy, entries: readonly Entry[]): string[] {
  const faults: string[] = [];
  let ordered = false;
  let streak = 0;
  let runsSinceMs: number | undefined;
  let ranMs = 0;
  let untilMs = 0;
  let restartsAtMs: number[] = [];

  for (const { before, event, step, moment } of entries) {
    const { atMs } = moment;
    const isObeyed = step.verdict === 'move';
    if (event.kind === 'order-start' && isObeyed) ordered = true;
    if (event.kind === 'order-stop' && isObeyed) ordered = event.reason === 'restart';
    const told = step.effects.flatMap((effect) => (effect.kind === 'tell' ? [effect.event] : []));
    for (const { kind } of told) {
      if (kind === 'running') runsSinceMs = atMs;
      if ((kind === 'exited' || kind === 'stopping') && runsSinceMs !== undefined) {
        ranMs = atMs - runsSinceMs;
        runsSinceMs = undefined;
      }
    }
    const spawn = step.effects.some((effect) => effect.kind === 'spawn');
    const wait = told.find((one) => one.kind === 'backoff');
    const isHeld = step.unit.state.kind === 'waiting' || step.unit.state.kind === 'blocked';
    /* What a need has taken down, or held back, comes back when it lets it: that is no restart. */
    const isLifted =
      event.kind === 'gate' ||
      event.kind === 'need-lost' ||
      ('reason' in before.state && before.state.reason === 'dependency');
    const isDecided = isObeyed && !ordered && !isLifted && event.kind !== 'backoff-due';

    if (wait !== undefined || (isDecided && (spawn || isHeld) && step.effects.length > 0)) {
      if (ranMs >= policy.resetAfterMs) streak = 0;
      const plain = streak === 0 ? 0 : Math.min(policy.delayMs * policy.factor ** (streak - 1), policy.maxMs);
      const [least, most] = [
        plain * (1 - policy.jitter),
        Math.min(plain * (1 + policy.jitter), policy.maxMs),
      ];
      const delayMs = wait?.delayMs ?? 0;
      if (delayMs < least - 1e-6 || delayMs > most + 1e-6)
        faults.push(`at ${atMs}: ${delayMs} instead of ${plain}`);
      untilMs = atMs + delayMs;
      streak += 1;
      ranMs = 0;
      const { limit } = policy;
      if (limit !== undefined) {
        restartsAtMs = [...restartsAtMs.filter((one) => atMs - one < limit.withinMs), atMs];
        if (restartsAtMs.length > limit.count) faults.push(`at ${atMs}: more restarts than the limit`);
      }
    }
    if (step.unit.state.kind === 'blocked') untilMs = 0;
    if (!spawn) continue;
    if (ordered) [streak, restartsAtMs, untilMs] = [0, [], 0];
    else if (atMs < untilMs) faults.push(`at ${atMs}: started ${untilMs - atMs} ms early`);
    [ordered, ranMs, runsSinceMs] = [false, 0, undefined];
  }
  return faults;
}
