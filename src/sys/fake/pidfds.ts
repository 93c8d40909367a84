import type { Result } from '../../base/result.ts';
import { err, ok } from '../../base/result.ts';
import type { Consumptions, Pidfds, ProcessConsumption } from '../pidfds.ts';
import type { Cancel, Descriptor, ProcessEnd, SysError, TreeMember } from '../sys.ts';
import { sysError } from './errno.ts';
import { consumptionOf, costOf, memberOf } from './member.ts';
import { Misuse } from './misuse.ts';
import { PlainFile } from './open-file.ts';
import type { FakeProcess } from './process.ts';
import type { View } from './view.ts';

/** The parent of what has none in the fake. */
const INIT_PID = 1;

/** A pidfd: it names its process for good, whoever gets the pid later. */
export class PidfdFile extends PlainFile {
  readonly process: FakeProcess;
  /** It names a thread that is not the first one of its process (PIDFD_THREAD). */
  readonly ofThread: boolean;

  constructor(process: FakeProcess, ofThread = false) {
    super('pidfd');
    this.process = process;
    this.ofThread = ofThread;
  }
}

/** `Sys.pidfds`. */
export class FakePidfds implements Pidfds {
  readonly #view: View;

  constructor(view: View) {
    this.#view = view;
  }

  open(pid: number): Result<Descriptor, SysError> {
    this.#view.call('pidfds.open');
    const failed = this.#view.failure('pidfd_open');
    if (failed !== undefined) return failed;
    if (!Number.isInteger(pid) || pid <= 0) return err(sysError('EINVAL', 'pidfd_open'));
    const process = this.#view.kernel.processes.get(pid);
    if (process === undefined) return err(sysError('ESRCH', 'pidfd_open'));
    return this.#view.open('pidfds.open', new PidfdFile(process));
  }

  pidOf(pidfd: Descriptor): Result<number, SysError> {
    this.#view.call('pidfds.pidOf');
    const file = this.#view.descriptors.find(pidfd, 'pidfds.pidOf');
    if (!(file instanceof PidfdFile)) return err(sysError('EBADF', 'pidOf'));
    if (file.ofThread) return err(sysError('EINVAL', 'pidOf'));
    return ok(file.process.reaped ? -1 : file.process.pid);
  }

  nameOf(pid: number): string | undefined {
    this.#view.call('pidfds.nameOf');
    return this.#view.kernel.processes.get(pid)?.name;
  }

  programOf(pid: number): { readonly exe: string; readonly command: string } {
    this.#view.call('pidfds.programOf');
    const { args = [] } = this.#view.kernel.processes.get(pid) ?? {};
    return { exe: args[0] ?? '', command: args.join(' ') };
  }

  member(pid: number, done: (member: TreeMember | undefined) => void): void {
    this.#view.call('pidfds.member');
    const process = this.#view.kernel.processes.get(pid);
    const told = process?.alive === true ? memberOf(process, INIT_PID) : undefined;
    this.#view.post(() => {
      done(told);
    });
  }

  consumption(pids: readonly number[], done: (read: Consumptions<ProcessConsumption>) => void): void {
    this.#view.call('pidfds.consumption');
    const { processes, loop } = this.#view.kernel;
    const used = pids.map((pid) => {
      const process = processes.get(pid);
      const uses = process === undefined ? undefined : consumptionOf([process]);
      return process === undefined || uses === undefined
        ? undefined
        : { ...uses, ageMs: loop.nowMs() - process.startedAtMs };
    });
    this.#view.post(() => {
      done({ used, costMs: costOf(pids.length) });
    });
  }

  signal(pidfd: Descriptor, signal: number): Result<undefined, SysError> {
    this.#view.call('pidfds.signal');
    const call = 'pidfd_send_signal';
    const file = this.#view.descriptors.find(pidfd, 'pidfds.signal');
    if (!(file instanceof PidfdFile)) return err(sysError('EBADF', call));
    if (!Number.isInteger(signal) || signal < 0 || signal > 64) return err(sysError('EINVAL', call));
    const { process } = file;
    const { uid } = this.#view.kernel.user;
    if (process.reaped) return err(sysError('ESRCH', call));
    if (uid !== 0 && process.attributes.uid !== uid) return err(sysError('EPERM', call));
    this.#view.kernel.send(process, signal);
    return ok(undefined);
  }

  watch(pidfd: Descriptor, ended: (end: ProcessEnd) => void): Cancel {
    this.#view.call('pidfds.watch');
    const file = this.#view.descriptors.occupy(pidfd, 'pidfds.watch');
    if (!(file instanceof PidfdFile)) throw new Misuse('pidfds.watch of what is no pidfd');
    const { process } = file;
    let over = false;
    const stop = (): void => {
      if (over) return;
      over = true;
      process.watchers.delete(look);
      forget();
      if (this.#view.alive) this.#view.descriptors.leave(pidfd);
    };
    const look = (): void => {
      const end = this.#knownEnd(process);
      if (end === undefined) return;
      process.watchers.delete(look);
      this.#view.post(() => {
        if (over) return;
        stop();
        ended(end);
      });
    };
    const forget = this.#view.atDeath(stop);
    process.watchers.add(look);
    look();
    return stop;
  }

  /** What archond may know by now of how the process ended; `undefined`: it has to wait. */
  #knownEnd(process: FakeProcess): ProcessEnd | undefined {
    const { strangersEnd } = this.#view.kernel.settings;
    if (process.end === undefined) return undefined;
    if (strangersEnd === 'never') return { kind: 'unknown' };
    return strangersEnd === 'at-death' || process.reaped ? process.end : undefined;
  }
}
