import type { Probe } from '../../config/probe.ts';
import { fieldOfText } from '../../protocol/bytes.ts';
import type { Cancel, Descriptor, Sys } from '../../sys/sys.ts';
import type { Launch } from '../launch.ts';
import { describeEnd } from '../outcome.ts';
import type { UnitCommands } from '../unit-commands.ts';

/** Probes that are made by asking; the others wait to be told. */
export type Asking = Extract<Probe, { readonly kind: 'command' | 'tcp' | 'http' | 'file' }>;

/** What an attempt is made with. */
export interface Asker {
  readonly sys: Sys;
  readonly commands: UnitCommands;
  readonly label: string;
  /** With the surroundings of the unit; its words are replaced. */
  readonly launch: Launch;
  /** `/dev/null`, open for both. */
  readonly nothing: Descriptor;
}

/** Told why it cannot serve, or nothing where it can. */
export type Asked = (why: string | undefined) => void;

/** Statuses of HTTP that say that a server is well. */
const WELL_FROM = 200;
const WELL_BELOW = 400;

/** Asks once. `done` is called once, not before this has returned, nor after a cancel. */
export function attempt(asker: Asker, probe: Asking, done: Asked): Cancel {
  const { sys } = asker;
  switch (probe.kind) {
    case 'tcp':
      return sys.network.reach(probe.host, Number(probe.port), done);
    case 'http':
      return sys.network.get(probe.url, (status, why) => {
        const isWell = status !== undefined && status >= WELL_FROM && status < WELL_BELOW;
        done(isWell ? undefined : (why ?? `${probe.url} answers ${String(status)}`));
      });
    case 'file':
      return sys.files.exists(probe.path, (why) => {
        done(why === undefined ? undefined : `${probe.path}: ${why}`);
      });
    case 'command':
      return runOnce(asker, [fieldOfText(probe.words[0]), ...probe.words.slice(1).map(fieldOfText)], done);
  }
}

function runOnce({ commands, label, launch, nothing }: Asker, words: Launch['words'], done: Asked): Cancel {
  let isCancelled = false;
  const command = { label, launch: { ...launch, words }, output: nothing, input: nothing };
  const running = commands.run(command, (end) => {
    if (isCancelled) return;
    const isWell = end.kind === 'exited' && end.code === 0;
    done(isWell ? undefined : `${words[0]} ${describeEnd(end)}`);
  });
  return () => {
    isCancelled = true;
    running.kill();
  };
}
