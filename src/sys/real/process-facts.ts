import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { thrownError } from './thrown-error.ts';

/** A process as /proc shows it (proc(5)); times are Unix seconds, memory is bytes. */
export interface ProcessFacts {
  readonly pid: number;
  readonly ppid: number;
  readonly name: string;
  /** Empty where it may not be seen. */
  readonly exe: string;
  /** Its words, with blanks between. */
  readonly command: string;
  readonly memory: number;
  readonly started: number;
}

const TICKS_PER_S = 100;
const PAGE_BYTES = 4096;

/** What there is to know of a process now; undefined where there is none. Bytes are characters. */
export function processFacts(pid: number): ProcessFacts | undefined {
  const stat = text(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  /* The name stands in parentheses and may hold some itself. */
  const close = stat.lastIndexOf(')');
  const name = stat.slice(stat.indexOf('(') + 1, close);
  const fields = stat.slice(close + 2).split(' ');
  return {
    pid,
    ppid: Number(fields[1]),
    name: processName(pid, name),
    exe: programOf(pid),
    command: commandOf(pid),
    memory: Number(fields[21]) * PAGE_BYTES,
    started: bootTimeS() + Number(fields[19]) / TICKS_PER_S,
  };
}

/** All processes of the host. */
export function processIds(): readonly number[] {
  return readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []));
}

/** The path of a process's program; empty where it may not be seen, or there is no such process. */
export function programOf(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/exe`, 'latin1').replace(/ \(deleted\)$/, '');
  } catch (error) {
    thrownError(error);
    return '';
  }
}

/** What Node from version 24 on calls the first thread of its process, and so the process. */
const OF_NODE = 'MainThread';

/**
 * The name by which people know a process: `comm` (proc_pid_comm(5)), which for a script is the script's; where that only
 * says that it is the first thread, the name of its program.
 *
 * @param comm as the kernel has it, with or without the line feed.
 */
export function processName(pid: number, comm: string): string {
  const name = comm.replace(/\n$/, '');
  return name === OF_NODE ? programOf(pid).replace(/^.*\//, '') || name : name;
}

/** Its command line, with blanks between the words. */
export function commandOf(pid: number): string {
  return (text(`/proc/${pid}/cmdline`) ?? '').replace(/\0$/, '').replaceAll('\0', ' ');
}

/** Processor time of the calling thread in milliseconds (CONFIG_SCHED_INFO); undefined where the kernel does not tell. */
export function threadCpuMs(): number | undefined {
  const ns = Number((text('/proc/thread-self/schedstat') ?? '').split(' ')[0]);
  return ns > 0 ? ns / 1e6 : undefined;
}

let bootS: number | undefined;

function bootTimeS(): number {
  bootS ??= Number(/^btime (\d+)$/m.exec(text('/proc/stat') ?? '')?.[1] ?? 0);
  return bootS;
}

function text(file: string): string | undefined {
  try {
    return readFileSync(file, 'latin1');
  } catch (error) {
    thrownError(error);
    return undefined;
  }
}
