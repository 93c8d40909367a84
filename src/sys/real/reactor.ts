import { native } from '../native.ts';

/** Bytes that one read takes: RECEIVE_BYTES of native/helper/helper.h. */
const RECEIVE_BYTES = 65_536;
const NUMBERS_COUNT = 256;

/** Bytes of the present event. They are overwritten by the next one. */
export const received: Buffer = Buffer.from(new ArrayBuffer(RECEIVE_BYTES));

/** Descriptors and other lists of numbers on their way between here and the helper. */
export const numbers = new Int32Array(NUMBERS_COUNT);

/** Who is told the events of one slot: the kind of `NATIVE_EVENT` and its two numbers. */
export type SlotListener = (event: number, a: number, b: number) => void;

const listeners: (SlotListener | undefined)[] = [];

native.start(
  (event, slot, a, b) => {
    listeners[slot]?.(event, a, b);
  },
  received,
  numbers,
);

/** From now on the slot's events are told to `listener`, and to no other. */
export function occupySlot(slot: number, listener: SlotListener): void {
  listeners[slot] = listener;
}

/** Nobody is told any more; to be called whenever the helper has freed the slot. */
export function leaveSlot(slot: number): void {
  listeners[slot] = undefined;
}
