import type { Cause } from '../supervisor/cause.ts';
import type { ProcessEntry, Sys } from '../sys/sys.ts';
import type { Kept } from './configured/configured-units.ts';
import type { House } from './house.ts';
import { processDetails } from './told-details.ts';
import { pipeOwner, UnitOutput, type PipeOwner } from './unit-output.ts';
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
      const pipe = this.#pipes.get(key);
      if (pipe === undefined) {
        if (!findPipe(this.#house, record, entry, stream)) tellLost(this.#house, entry, stream, cause);
      } else if (takePipe(this.#house, record, pipe)) this.#pipes.delete(key);
      else tellLost(this.#house, entry, stream, cause);
    }
  }

  /** Lets go of those that no unit has taken: what is in them comes to its log first. */
  dropRest(): void {
    const { sys, streams } = this.#house;
    for (const pipe of this.#pipes.values()) {
      const unit = { label: pipe.label, configured: undefined };
      const output = UnitOutput.adopt(
        sys,
        pipe.descriptor,
        streams.target(unit, pipe.stream, pipe.generation),
      );
      if (output.ok) streams.outlast(output.value);
      else drop(sys, pipe);
    }
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

function takePipe({ sys, streams }: House, record: UnitRecord, pipe: Pipe): boolean {
  const target = streams.target(record, pipe.stream, pipe.generation);
  const output = UnitOutput.adopt(sys, pipe.descriptor, target);
  if (output.ok) put(record, pipe.stream, output.value);
  return output.ok;
}

/** No archond and no keeper held it; its process does, while it lives. True also where there is none to be found. */
function findPipe(
  { sys, streams }: House,
  record: UnitRecord,
  { pid, state, generation, outputPipe, errorPipe }: ProcessEntry,
  stream: 'out' | 'err',
): boolean {
  const identity = stream === 'out' ? outputPipe : errorPipe;
  if (identity === undefined || state === 'empty') return true;
  const read = sys.output.ofProcess(pid, identity);
  const output = read.ok
    ? UnitOutput.find(sys, read.value, streams.target(record, stream, generation))
    : undefined;
  if (output?.ok === true) put(record, stream, output.value);
  return output?.ok === true;
}

/** What the process writes from now on, and what nobody had read, is in no log. */
function tellLost(
  { chronicle, log }: House,
  { label, generation, pid }: ProcessEntry,
  stream: 'out' | 'err',
  cause: Cause,
): void {
  const what = stream === 'out' ? 'output' : 'error-output';
  log.warn('the pipe of its output is lost', { label, what });
  if (chronicle.hasToldLost(label, generation, pid, what)) return;
  chronicle.append(label, 'lost', [...processDetails(pid, generation), ['what', what]], cause);
}

function put(record: UnitRecord, stream: 'out' | 'err', output: UnitOutput): void {
  if (stream === 'err') record.errorOutput = output;
  else record.output = output;
}

/** Closes it here and at the keeper. */
export function drop(sys: Sys, { name, descriptor }: Kept): void {
  sys.descriptors.close(descriptor);
  sys.keeper.drop(name, () => undefined);
}
