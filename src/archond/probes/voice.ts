import type { Notice } from '../../sys/notices.ts';
import type { ProcessRef, Sys } from '../../sys/sys.ts';
import { belongs } from './membership.ts';
import { readNotification, type Notification } from './notification.ts';
import type { NotifySocket } from './notify-socket.ts';

/** Datagrams that came before the keeper had said which process it is; more are not kept. */
const MOST_EARLY = 64;

/** Who is told what a service says. */
export interface Hearer {
  /** `done` lets the next one be heard. */
  heard(said: Notification, done: () => void): void;
  /** A process that does not belong to the unit has spoken for it. */
  refused(pid: number): void;
}

/**
 * What one generation says on its notification socket, in the order in which it was said. Only a process
 * of the unit's tree may speak for it.
 */
export class Voice {
  readonly #sys: Sys;
  readonly #socket: NotifySocket;
  readonly #hearer: Hearer;
  readonly #early: Notice[] = [];
  #ref: ProcessRef | undefined;
  #mainPid: number | undefined;
  /** The notice that is being judged, and those behind it. */
  readonly #waiting: Notice[] = [];
  #isJudging = false;
  #isOver = false;

  constructor(sys: Sys, socket: NotifySocket, hearer: Hearer) {
    this.#sys = sys;
    this.#socket = socket;
    this.#hearer = hearer;
    socket.listen((notice) => {
      if (this.#ref !== undefined) this.#take(notice);
      else if (this.#early.length < MOST_EARLY) this.#early.push(notice);
      else this.#close(notice);
    });
  }

  /** This is the process whose tree may speak. */
  belongsTo(ref: ProcessRef, mainPid: number): void {
    this.#ref = ref;
    this.#mainPid = mainPid;
    for (const notice of this.#early.splice(0)) this.#take(notice);
  }

  discard(): void {
    this.#isOver = true;
    for (const notice of [...this.#early.splice(0), ...this.#waiting.splice(0)]) this.#close(notice);
    this.#socket.discard();
  }

  #take(notice: Notice): void {
    this.#waiting.push(notice);
    if (!this.#isJudging) this.#judge();
  }

  #judge(): void {
    const notice = this.#waiting.shift();
    const ref = this.#ref;
    if (notice === undefined || ref === undefined) return;
    this.#isJudging = true;
    belongs(this.#sys, ref, this.#mainPid, notice.sender.pid, (isMember) => {
      const done = (): void => {
        /* What a barrier waits for, or what is not stored here: heard is what was said before it. */
        this.#close(notice);
        this.#isJudging = false;
        this.#judge();
      };
      if (this.#isOver) done();
      else if (isMember) this.#hearer.heard(readNotification(notice.bytes), done);
      else {
        this.#hearer.refused(notice.sender.pid);
        done();
      }
    });
  }

  #close({ descriptors }: Notice): void {
    for (const descriptor of descriptors) this.#sys.descriptors.close(descriptor);
  }
}
