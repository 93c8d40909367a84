import type { Cancel, Descriptor, Refusal, Sys } from '../sys/sys.ts';

/** The keeper refuses for want of descriptors or memory. Nothing tells when there are some again, its own or those of the machine. */
const AGAIN_MS = 1000;

/**
 * Has the keeper hold a copy of a descriptor, so that it outlives archond; one that is refused is offered again until it is taken.
 * Returns what ends that, to be called before the descriptor is closed.
 *
 * @param refused told of the first refusal: until it is taken the descriptor is lost where archond dies
 */
export function deposit(
  { keeper, timers, clock }: Pick<Sys, 'keeper' | 'timers' | 'clock'>,
  name: string,
  descriptor: Descriptor,
  refused: (refusal: Refusal) => void = () => undefined,
): Cancel {
  let isOver = false;
  let isTold = false;
  let cancel: Cancel = () => undefined;
  const offer = (): void => {
    keeper.store(name, descriptor, true, (answer) => {
      if (isOver || answer.ok) return;
      if (!isTold) refused(answer.error);
      isTold = true;
      cancel = timers.at(clock.monotonicMs() + AGAIN_MS, offer);
    });
  };
  offer();
  return () => {
    isOver = true;
    cancel();
  };
}
