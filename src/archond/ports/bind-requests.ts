import { canonicalHost, showAddress, type Address } from '../../base/address.ts';
import { failure, type Failure } from '../../base/failure.ts';
import { readBindQuestion, type BindQuestion } from '../../protocol/bind-question.ts';
import { encodeReply } from '../../protocol/reply.ts';
import { byRequest } from '../../supervisor/cause.ts';
import type { Notice } from '../../sys/notices.ts';
import type { Credentials, Descriptor, Sys } from '../../sys/sys.ts';
import type { Chronicle } from '../chronicle.ts';
import type { Log } from '../log.ts';
import type { PortJudge } from '../rules/port-questions.ts';
import { isOfUnit } from './asker.ts';
import type { HeldPort } from './held-ports.ts';

/** One refusal of the same user for the same port is told in so long: whoever tries often is not worth more. */
const TOLD_AGAIN_MS = 60_000;
/** Refusals that are remembered for that. */
const MOST_TOLD = 1024;

/** A unit's socket, and whose it is. */
export interface Bindable extends Pick<HeldPort, 'name' | 'port' | 'descriptor'> {
  readonly label: string;
}

/** What questions are answered with. */
export interface BindTools {
  readonly sys: Sys;
  readonly log: Log;
  readonly chronicle: Pick<Chronicle, 'append' | 'flush'>;
  /** The sockets that are held just there, one for each unit that has one. */
  heldAt(address: Address): readonly Bindable[];
  /** Calls back once a spawn of the unit that is under way is known; false where none is. */
  whenMade(label: string, then: () => void): boolean;
  /** Decides for processes that were not started here. */
  readonly judge?: PortJudge | undefined;
}

/**
 * The answers to programs that bind by themselves. A process gets a socket of the unit to whose tree it belongs, and of no
 * other; for processes that were not started here rules of kind `port` decide, and where there is none they get nothing.
 */
export class BindRequests {
  readonly #tools: BindTools;
  /** When a refusal was told last, by user and port. */
  readonly #told = new Map<string, number>();

  constructor(tools: BindTools) {
    this.#tools = tools;
  }

  /** Answers one question. It is taken at once: who hears nothing since archond dies over it asks again. */
  readonly heard = ({ sender, bytes, take }: Notice): void => {
    const [to, ...others] = take();
    for (const other of others) this.#tools.sys.descriptors.close(other);
    if (to === undefined) return;
    const question = readBindQuestion(bytes);
    if (!question.ok) this.#refuse(to, question.error);
    else this.#judge(question.value, sender, to);
  };

  #judge(question: BindQuestion, sender: Credentials, to: Descriptor): void {
    const { protocol, port } = question;
    const host = canonicalHost(question.host);
    const address = host === undefined ? undefined : { protocol, host, port };
    const held = address === undefined ? [] : this.#tools.heldAt(address);
    if (address === undefined || held.length === 0) {
      this.#refuse(to, failure('not-found', `nothing is held at ${question.host}, port ${String(port)}`));
    } else if (question.isV6Only && address.host === '::') {
      this.#refuse(to, failure('conflict', `${showAddress(address)} is held with IPv4`));
    } else {
      this.#answer(address, held, sender, to);
    }
  }

  #answer(
    address: Address,
    held: readonly Bindable[],
    sender: Credentials,
    to: Descriptor,
    wasMade = false,
  ): void {
    this.#findOwn(held, sender, (own) => {
      const again = (): void => {
        this.#answer(address, held, sender, to, true);
      };
      if (own !== undefined) this.#give(own, to);
      else if (wasMade || !held.some(({ label }) => this.#tools.whenMade(label, again)))
        this.#askRules(held, sender, (granted) => {
          if (granted === undefined) this.#deny(address, held, sender, to);
          else this.#give(granted, to);
        });
    });
  }

  /** The first of these of whose unit the process is, if there is one. */
  #findOwn(
    [first, ...rest]: readonly Bindable[],
    sender: Credentials,
    done: (own: Bindable | undefined) => void,
  ): void {
    if (first === undefined) {
      done(undefined);
      return;
    }
    isOfUnit(this.#tools.sys, first.label, sender.pid, (isMember) => {
      if (isMember) done(first);
      else this.#findOwn(rest, sender, done);
    });
  }

  /** The first of these that rules let it have: a process of no unit, where there is a rule for that one's ports. */
  #askRules(
    held: readonly Bindable[],
    { pid, uid }: Credentials,
    done: (granted: Bindable | undefined) => void,
  ): void {
    const { judge } = this.#tools;
    const asked = held.filter(({ label }) => judge?.hasRuleFor(label) === true);
    const next = (at: number): void => {
      const one = asked[at];
      if (judge === undefined || one === undefined) {
        done(undefined);
        return;
      }
      judge.ask({ label: one.label, name: one.name, port: one.port, pid, uid }, (isGranted) => {
        if (isGranted) done(one);
        else next(at + 1);
      });
    };
    if (asked.length === 0) done(undefined);
    else
      this.#isOfAny(pid, (isOurs) => {
        if (isOurs) done(undefined);
        else next(0);
      });
  }

  /** Whether a process belongs to any unit. */
  #isOfAny(pid: number, done: (isOurs: boolean) => void): void {
    const labels = [...new Set(this.#tools.sys.keeper.entries().map(({ label }) => label))];
    const next = (at: number): void => {
      const label = labels[at];
      if (label === undefined) done(false);
      else
        isOfUnit(this.#tools.sys, label, pid, (isMember) => {
          if (isMember) done(true);
          else next(at + 1);
        });
    };
    next(0);
  }

  #give({ label, name, descriptor }: Bindable, to: Descriptor): void {
    const { sys, log } = this.#tools;
    const sent = sys.notices.answer(to, Buffer.from(encodeReply({ kind: 'ok', fields: [] })), [descriptor]);
    if (!sent.ok) log.warn('a socket could not be given', { label, port: name, error: sent.error.code });
    sys.descriptors.close(to);
  }

  #deny(address: Address, held: readonly Bindable[], sender: Credentials, to: Descriptor): void {
    const [owner] = held;
    const label = owner?.label ?? '';
    const other = this.#tools.sys.keeper.entries().find(({ pid }) => pid === sender.pid)?.label;
    const asker = `process ${String(sender.pid)} of user ${String(sender.uid)}`;
    const who = other === undefined ? asker : `${other} (${asker})`;
    const why = `${showAddress(address)} is held for ${label}; ${who} does not belong to it`;
    this.#tell(owner, address, sender, why);
    this.#refuse(to, failure('denied', why));
  }

  #tell(owner: Bindable | undefined, { port }: Address, sender: Credentials, why: string): void {
    const { sys, log, chronicle } = this.#tools;
    if (owner === undefined) return;
    const key = `${String(sender.uid)} ${owner.label} ${owner.name}`;
    const nowMs = sys.clock.monotonicMs();
    if (nowMs < (this.#told.get(key) ?? -Infinity) + TOLD_AGAIN_MS) return;
    if (this.#told.size >= MOST_TOLD) this.#told.clear();
    this.#told.set(key, nowMs);
    log.warn('a port was asked for by who may not have it', { why });
    chronicle.append(
      owner.label,
      'port',
      [
        ['what', 'denied'],
        ['name', owner.name],
        ['port', String(port)],
        ['why', why],
      ],
      byRequest(sender.uid, sender.pid, 'Bind'),
    );
    chronicle.flush();
  }

  #refuse(to: Descriptor, why: Failure): void {
    const { sys } = this.#tools;
    const line = encodeReply({ kind: 'error', failure: why });
    /* Who does not wait any more needs no answer. */
    sys.notices.answer(to, Buffer.from(line, 'latin1'), []);
    sys.descriptors.close(to);
  }
}
