/* archonctl: one request, or a few, to the supervisor, and what came of it. */
import { exit } from '../sys/dialer.ts';
import { realCaller } from './caller.ts';
import { archonctl } from './archonctl.ts';

void archonctl(realCaller).then((code) => {
  exit(code);
});
