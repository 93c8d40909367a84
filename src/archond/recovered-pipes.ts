import type { Cause } from '../supervisor/cause.ts';
import type { ProcessEntry, Sys } from '../sys/sys.ts';
import type { Kept } from './configured/configured-units.ts';
import type { House } from './house.ts';
import { processDetails } from './told-details.ts';
import { isDown } from './outcome.ts';
import type { LostVoice } from './probes/unit-probes.ts';
import type { FoundPipe } from './standard-streams.ts';
import { isTally, pipeOwner, tallyName, type PipeOwner, type UnitOutput } from './unit-output.ts';
import type { UnitRecord } from './unit-record.ts';

const STREAMS = ['out', 'err'] as const;

/** A pipe of output that an earlier archond left with the keeper, and the memory in which it counted what of it was dropped. */
interface Pipe extends FoundPipe, PipeOwner {}

/** The pipes of output among what the keeper held: each is taken by the unit that it belongs to, or let go of. */
export class RecoveredPipes {
  readonly #house: House;
  /** By stream and label. */
  readonly #pipes = new Map<string, Pipe>();
  /** Of units that were forgotten before there was another of their label. */
  readonly #late: Pipe[] = [];

  constructor(house: House, kept: readonly Kept[]) {
    this.#house = house;
    const byName = new Map(kept.map((one) => [one.name, one]));
    for (const { name, descriptor } of kept) {
      const owner = pipeOwner(name);
      if (owner === undefined) continue;
      const tally = byName.get(tallyName(name));
      if (tally !== undefined) byName.delete(tally.name);
      this.#add({ ...owner, read: descriptor, tally: tally?.descriptor });
    }
    for (const one of byName.values()) if (isTally(one.name)) drop(house.sys, one);
  }

  #add(pipe: Pipe): void {
    const key = `${pipe.stream}:${pipe.label}`;
    const other = this.#pipes.get(key);
    const isNewer = other === undefined || other.generation < pipe.generation;
    if (isNewer) this.#pipes.set(key, pipe);
    const late = isNewer ? other : pipe;
    if (late !== undefined) this.#late.push(late);
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
        this.#house.streams.adopt(record, pipe, (output) => {
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
    for (const pipe of [...this.#late, ...this.#pipes.values()])
      streams.adopt({ label: pipe.label, configured: undefined }, pipe, (output) => {
        streams.outlast(output);
      });
    this.#pipes.clear();
    this.#late.length = 0;
  }
}

/** No archond and no keeper held it; its process does, while it lives. True also where it held nothing any more. */
function findPipe(
  house: House,
  record: UnitRecord,
  { pid, state, generation, outputPipe, errorPipe, acknowledged }: ProcessEntry,
  stream: 'out' | 'err',
): boolean {
  const identity = stream === 'out' ? outputPipe : errorPipe;
  if (identity === undefined) return true;
  const { sys, streams, chronicle } = house;
  /* Before its end was told all that it had written came to its log. */
  if (state === 'empty')
    return acknowledged !== undefined || chronicle.latest.hasEnded(record.label, generation, pid);
  const read = sys.output.ofProcess(pid, identity);
  if (!read.ok) return false;
  streams.adopt(record, { read: read.value, stream, generation, isKept: false }, (output) => {
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
