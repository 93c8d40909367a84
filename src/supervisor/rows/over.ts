import { ignored, impossible } from '../row.ts';

/** What is told of a generation of which nothing is left: the same in every state that has no process. */
export const OVER = {
  spawned: impossible('its spawn was answered before'),
  refused: impossible('its spawn was answered before'),
  executed: ignored('nothing of it is left'),
  exited: ignored('nothing of it is left'),
  emptied: ignored('nothing of it is left'),
  'stop-due': ignored('nothing of it is left'),
  'time-over': ignored('nothing of it is left'),
} as const;
