import os from 'node:os';
import type { Life } from './book.ts';
import type { Gap } from './house.ts';

/** From this kernel on whoever holds a pidfd is told how a process ended that others reaped (pidfd_open(2)). */
const TELLS_HOLDERS = [6, 15] as const;

/**
 * Ends that were told as unknown although somebody was alive who could know them. A minder always can. Without one the
 * keeper that made the process can, and each later one that was there at its end; so it must have been born under a
 * keeper that died, have ended before the next one answered, and be told after that death.
 *
 * @param trees what keeps the processes together
 */
export function unknownFaults(
  lives: readonly Life[],
  lines: readonly string[],
  gaps: readonly Gap[],
  trees: string,
): string[] {
  const faults: string[] = [];
  for (const line of lines) {
    const [, , time = '', label = '', kind, ...details] = line.split(',');
    if (kind !== 'exited' || !details.includes('unknown=1')) continue;
    const pid = Number(details.find((one) => one.startsWith('pid='))?.slice('pid='.length));
    const of = lives.filter((life) => life.label === label && life.pid === pid);
    const toldNs = monotonicNs(time);
    if (trees === 'minder') faults.push(`${label} ${pid}: its minder knew how it ended`);
    else if (of.length > 0 && !of.some((life) => gaps.some((gap) => nobodyKnew(life, gap, toldNs))))
      faults.push(`${label} ${pid}: told as unknown, though its keeper lived`);
  }
  return faults;
}

function nobodyKnew(life: Life, gap: Gap, toldNs: bigint): boolean {
  if (life.bornNs > gap.toNs || toldNs < gap.fromNs) return false;
  return !laterKeepersKnow() || life.endedNs === undefined || life.endedNs <= gap.toNs;
}

function laterKeepersKnow(): boolean {
  const [major = 0, minor = 0] = os.release().split('.').map(Number);
  return major > TELLS_HOLDERS[0] || (major === TELLS_HOLDERS[0] && minor >= TELLS_HOLDERS[1]);
}

/** Both clocks at one instant. */
const OFFSET_NS = BigInt(Date.now()) * 1_000_000n - process.hrtime.bigint();

/** The time of an event, seconds of the wall clock with a fraction, by the clock of the daemons. */
export function monotonicNs(time: string): bigint {
  const [seconds = '0', fraction = ''] = time.split('.');
  return BigInt(seconds) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0').slice(0, 9)) - OFFSET_NS;
}
