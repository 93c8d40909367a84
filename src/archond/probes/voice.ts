import type { Notice } from '../../sys/notices.ts';
import type { ProcessRef, Sys } from '../../sys/sys.ts';
import { belongs } from './membership.ts';
import { readNotification, type Notification } from './notification.ts';
import type { NotifySocket } from './notify-socket.ts';

/** Who is told what a service says. */
export interface Hearer {
  /** `done`: what was said has been written down, and the next one may be heard. */
  heard(said: Notification, done: () => void): void;
  /** A process that does not belong to the unit has spoken for it. */
  refused(pid: number): void;
}

/**
 * What one generation says on its notification socket, in the order in which it was said. Only a process
 * of the unit's tree may speak for it. What has been said stays in the socket, which the keeper holds too, until it has
 * been acted on: whatever archond dies over is heard by its successor.
 */
export class Voice {
  readonly #sys: Sys;
  readonly #socket: NotifySocket;
  readonly #hearer: Hearer;
  #isHeard = false;
  #isOver = false;

  constructor(sys: Sys, socket: NotifySocket, hearer: Hearer) {
    this.#sys = sys;
    this.#socket = socket;
    this.#hearer = hearer;
  }

  /** From now on it is heard; this is the process whose tree may speak. Does nothing where it is heard already. */
  hear(ref: ProcessRef, mainPid: number | undefined): void {
    if (this.#isHeard) return;
    this.#isHeard = true;
    this.#socket.listen((notice) => {
      this.#judge(notice, ref, mainPid);
    });
  }

  discard(): void {
    this.#isOver = true;
    this.#socket.discard();
  }

  #judge(notice: Notice, ref: ProcessRef, mainPid: number | undefined): void {
    belongs(this.#sys, ref, mainPid, notice.sender.pid, (isMember) => {
      if (this.#isOver) return;
      const done = (): void => {
        /* What a barrier waits for, or what is not stored here: heard is what was said before it. */
        if (!this.#isOver) for (const descriptor of notice.take()) this.#sys.descriptors.close(descriptor);
      };
      if (isMember) this.#hearer.heard(readNotification(notice.bytes), done);
      else {
        this.#hearer.refused(notice.sender.pid);
        done();
      }
    });
  }
}
