/*
 * The rules, in a worker of archond: what they take of time and memory is not the supervisor's (docs/rules.org, "Where
 * they run"). Gets `ToHost`, posts `FromHost`.
 */
import type { ToHost } from '../../rules/messages.ts';
import { serveRules } from '../../rules/serve.ts';
import { processFacts, processIds, threadCpuMs } from '../../sys/real/process-facts.ts';
import { workerSide } from '../../sys/real/worker-side.ts';

const side = workerSide();
const { wallMs, nowS } = side;
const serve = serveRules(
  {
    wallMs,
    cpuMs: () => threadCpuMs() ?? wallMs(),
    nowS,
    process: processFacts,
    pids: processIds,
    calls: (rule) => {
      side.note(rule);
    },
  },
  (message) => {
    side.post(message);
  },
);
side.listen((message) => {
  serve(message as ToHost);
});
