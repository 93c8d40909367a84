/** The states of a unit (protocol page, last paragraph of "Further requests"). */
export const UNIT_STATES = [
  'stopped',
  'waiting',
  'starting',
  'running',
  'stopping',
  'backoff',
  'failed',
  'finished',
] as const;
export type UnitState = (typeof UNIT_STATES)[number];

/** The kinds of events that the supervisor itself publishes; rules may publish others. */
export const EVENT_KINDS = [
  'waiting',
  'starting',
  'running',
  'stopping',
  'stopped',
  'exited',
  'backoff',
  'failed',
  'finished',
  'adopted',
  'lost',
  'limit',
  'file-changed',
  'library-replaced',
  'port',
  'rule',
  'config',
  'supervisor',
  'note',
] as const;
export type EventKind = (typeof EVENT_KINDS)[number];
