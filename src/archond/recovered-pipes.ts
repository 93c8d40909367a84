import type { Cause } from '../supervisor/cause.ts';
import type { ProcessEntry, Sys } from '../sys/sys.ts';
import type { Kept } from './configured/configured-units.ts';
import type { House } from './house.ts';
import { processDetails } from './told-details.ts';
import { isDown } from './outcome.ts';
import type { LostVoice } from './probes/unit-probes.ts';
import { outputName, pipeOwner, type PipeOwner, type UnitOutput } from './unit-output.ts';
import type { UnitRecord } from './unit-record.ts';

const STREAMS = ['out', 'err'] as const;

/** A pipe of output that an earlier archond left with the keeper. */
interface Pipe extends Kept, PipeOwner {}

/** The pipes of output among what the keeper held: each is taken by the unit that it belongs to, or let go of. */
export class RecoveredPipes {
  readonly #house: House;
  /** By stream and label. */
  readonly #pipes: Map<string, Pipe>;

  constructor(house: House, kept: readonly Kept[]) {
    this.#house = house;
    this.#pipes = newestPipes(house.sys, kept);
  }

  /**
   * Gives a unit those that are its own; what was lost with the keeper is looked for at its process. One that cannot be had
   * is told of once, for each process.
   *
   * @param cause that this archond was started
   */
  take(record: UnitRecord, entry: ProcessEntry, cause: Cause): void {
    for (const stream of STREAMS) {
      const key = `${stream}:${record.label}`;
      if ((stream === 'err' ? record.errorOutput : record.output) !== undefined) continue;
      const pipe = this.#pipes.get(key);
      this.#pipes.delete(key);
      if (pipe !== undefined) {
        this.#house.streams.adopt(record, pipe.descriptor, stream, pipe.generation, (output) => {
          put(this.#house, record, stream, output);
        });
      } else if (!findPipe(this.#house, record, entry, stream)) {
        tellLost(this.#house, entry, stream === 'out' ? 'output' : 'error-output', cause);
      }
    }
  }

  /** Lets go of those that no unit has taken: what is in them comes to its log first. */
  dropRest(): void {
    const { streams } = this.#house;
    for (const { label, descriptor, stream, generation } of this.#pipes.values())
      streams.adopt({ label, configured: undefined }, descriptor, stream, generation, (output) => {
        streams.outlast(output);
      });
    this.#pipes.clear();
  }
}

/** The pipes by stream and label. Of two of one stream the older belongs to a unit that was forgotten. */
function newestPipes(sys: Sys, kept: readonly Kept[]): Map<string, Pipe> {
  const pipes = new Map<string, Pipe>();
  for (const { name, descriptor } of kept) {
    const owner = pipeOwner(name);
    if (owner === undefined) continue;
    const pipe = { name, descriptor, ...owner };
    const key = `${owner.stream}:${owner.label}`;
    const other = pipes.get(key);
    const isNewer = other === undefined || other.generation < owner.generation;
    if (isNewer) pipes.set(key, pipe);
    const late = isNewer ? other : pipe;
    if (late !== undefined) drop(sys, late);
  }
  return pipes;
}

/** No archond and no keeper held it; its process does, while it lives. True also where there is none to be found. */
function findPipe(
  house: House,
  record: UnitRecord,
  { pid, state, generation, outputPipe, errorPipe }: ProcessEntry,
  stream: 'out' | 'err',
): boolean {
  const identity = stream === 'out' ? outputPipe : errorPipe;
  if (identity === undefined || state === 'empty') return true;
  const { sys, streams } = house;
  const read = sys.output.ofProcess(pid, identity);
  if (!read.ok) return false;
  sys.keeper.store(
    outputName({ stream, label: record.label, generation }),
    read.value,
    true,
    () => undefined,
  );
  streams.adopt(record, read.value, stream, generation, (output) => {
    put(house, record, stream, output);
  });
  return true;
}

/** Tells, once of each process, of something that went with its keeper and archond: what had been said there, nobody will hear. */
export function tellLost(
  { chronicle, log }: House,
  { label, generation, pid }: ProcessEntry,
  what: 'output' | 'error-output' | LostVoice,
  cause: Cause,
): void {
  log.warn('what a process speaks by is lost', { label, what });
  if (chronicle.latest.hasLost(label, generation, pid, what)) return;
  chronicle.append(label, 'lost', [...processDetails(pid, generation), ['what', what]], cause);
}

/** The unit has it, unless it has got another one meanwhile, or is no more. */
function put(
  { supervisor, streams }: House,
  record: UnitRecord,
  stream: 'out' | 'err',
  output: UnitOutput,
): void {
  const present = stream === 'err' ? record.errorOutput : record.output;
  if (supervisor.records.get(record.label) !== record || present !== undefined) {
    streams.outlast(output);
    return;
  }
  if (stream === 'err') record.errorOutput = output;
  else record.output = output;
  if (isDown(record)) streams.rest(record);
}

/** Closes it here and at the keeper. */
export function drop(sys: Sys, { name, descriptor }: Kept): void {
  sys.descriptors.close(descriptor);
  sys.keeper.drop(name, () => undefined);
}
