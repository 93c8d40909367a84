import { ignored, type Row } from '../row.ts';
import { beStopped } from '../settle.ts';
import { block, goUp } from '../spawn.ts';
import { move, stay } from '../step.ts';
import { OVER } from './over.ts';

/** It is to be up, and comes up when the gate opens. */
export const WAITING: Row<'waiting'> = {
  ...OVER,
  'order-start': ignored('it will be started'),
  'order-stop': (unit, _state, { reason }) =>
    reason === 'restart' ? stay('ignore', unit, 'it will be started') : beStopped(unit, reason),
  gate: (unit, _state, { gate }, moment) => {
    const told = { ...unit, gate };
    return gate.start.kind === 'held' ? move(told) : goUp(told, unit.history, moment);
  },
  'backoff-due': ignored('what it needs is not up'),
};

/** It is to be up, and what it needs is `failed`. */
export const BLOCKED: Row<'blocked'> = {
  ...OVER,
  'order-start': ignored('it will be started'),
  'order-stop': (unit, _state, { reason }) =>
    reason === 'restart' ? stay('ignore', unit, 'it will be started') : beStopped(unit, reason),
  gate: (unit, { needs }, { gate }, moment) => {
    const told = { ...unit, gate };
    if (gate.start.kind !== 'blocked') return goUp(told, unit.history, moment);
    const isSame = gate.start.needs.join() === needs.join();
    return isSame ? move(told) : block(told, gate.start.needs);
  },
  'backoff-due': ignored('what it needs is not up'),
};
