import type { Cancel, Descriptor, Sys } from '../sys/sys.ts';

/** The keeper refuses for want of descriptors or memory, which may be over by then. */
const AGAIN_MS = 1000;

/**
 * Has the keeper hold a copy of a descriptor, so that it outlives archond; one that is refused is offered again until it is taken.
 * Returns what ends that, to be called before the descriptor is closed.
 */
export function deposit(
  { keeper, timers, clock }: Pick<Sys, 'keeper' | 'timers' | 'clock'>,
  name: string,
  descriptor: Descriptor,
): Cancel {
  let isOver = false;
  let cancel: Cancel = () => undefined;
  const offer = (): void => {
    keeper.store(name, descriptor, true, (answer) => {
      if (!isOver && !answer.ok) cancel = timers.at(clock.monotonicMs() + AGAIN_MS, offer);
    });
  };
  offer();
  return () => {
    isOver = true;
    cancel();
  };
}
