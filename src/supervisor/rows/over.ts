import { ignored, impossible } from '../row.ts';

/** What is told of a generation of which nothing is left: the same in every state that has no process. */
export const OVER = {
  'need-lost': ignored('nothing of it is left'),
  spawned: impossible('its spawn was answered before'),
  refused: impossible('its spawn was answered before'),
  executed: ignored('nothing of it is left'),
  exited: ignored('nothing of it is left'),
  emptied: ignored('nothing of it is left'),
  ready: ignored('nothing of it is left'),
  unhealthy: ignored('nothing of it is left'),
  'main-changed': ignored('nothing of it is left'),
  'main-exited': ignored('nothing of it is left'),
  'command-ended': ignored('nothing of it is left'),
  'stop-due': ignored('nothing of it is left'),
  'time-over': ignored('nothing of it is left'),
  'ready-due': ignored('nothing of it is left'),
  replaced: impossible('nothing of it is left'),
} as const;
