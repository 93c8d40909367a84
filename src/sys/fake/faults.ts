/** Of a write: only a part is taken, and then the errno comes (`ENOSPC`). */
const PART = 'part:';

const NO_DESCRIPTOR = ['EMFILE', 'ENFILE', 'ENOMEM'] as const;
/** A message to the keeper that has descriptors with it: they are duplicated while it waits. */
const RIDING = ['EMFILE', 'ENOMEM'] as const;

/**
 * What each call of the kernel or of the keeper can fail with on a real machine, for no fault of the caller. `x@stage`
 * is a refusal of the keeper at that stage. What is not among them cannot fail so, or says nothing of it: EINTR does not
 * come up to here (libuv and the helper try again), close(2) is not asked, and what the keeper's channel or a connection
 * does not take for want of room or memory waits: so a request without descriptors is never refused for that.
 */
export const ERRNOS = {
  'keeper.hello': ['ENOMEM'],
  'keeper.kept': ['EMFILE'],
  'keeper.spawn': [
    'EAGAIN@fork',
    'ENOMEM@fork',
    'EMFILE@fork',
    'ENOSPC@request',
    'EMFILE@request',
    'ENOMEM@cgroup',
    ...RIDING,
  ],
  'keeper.store': ['ENOSPC', ...RIDING],
  'programs.run': ['EAGAIN', 'ENOMEM', 'EMFILE'],
  open: [...NO_DESCRIPTOR, 'EIO'],
  'open to append': [...NO_DESCRIPTOR, 'EIO', 'ENOSPC', 'EROFS'],
  reopen: NO_DESCRIPTOR,
  pipe2: ['EMFILE', 'ENFILE'],
  memfd_create: NO_DESCRIPTOR,
  fcntl: ['EMFILE'],
  pidfd_open: NO_DESCRIPTOR,
  pidfd_getfd: ['EPERM', 'EMFILE', 'ENFILE'],
  bind: [...NO_DESCRIPTOR, 'ENOSPC', 'EROFS'],
  connect: [...NO_DESCRIPTOR, 'EAGAIN'],
  accept4: NO_DESCRIPTOR,
  sendmsg: ['EAGAIN', 'part:EAGAIN', 'EPIPE'],
  splice: ['ENOSPC', 'EIO', 'ENOMEM', 'EDQUOT', 'EROFS', 'part:ENOSPC'],
  write: ['ENOSPC', 'EIO', 'EDQUOT', 'part:ENOSPC', 'part:EIO'],
  ftruncate: ['EIO', 'EROFS'],
  fdatasync: ['EIO', 'ENOSPC', 'EDQUOT'],
  fsync: ['EIO', 'EMFILE', 'ENOSPC'],
  read: [...NO_DESCRIPTOR, 'EIO'],
  readdir: [...NO_DESCRIPTOR, 'EIO'],
  rename: ['ENOSPC', 'EIO', 'EROFS'],
  unlink: ['EIO', 'EROFS'],
  stat: ['EIO', 'ENOMEM'],
  mkdir: ['ENOSPC', 'EIO', 'EROFS'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** A call that can fail, and an errno of it. */
export type Fallible = keyof typeof ERRNOS;

/** Whether a call can fail for no fault of the caller. */
export function isFallible(call: string): call is Fallible {
  return call in ERRNOS;
}

/** The errno of a fault, and whether a part is done before it comes. */
export function partly(fault: string | undefined): {
  readonly code: string | undefined;
  readonly isPart: boolean;
} {
  const isPart = fault?.startsWith(PART) === true;
  return { code: isPart ? fault.slice(PART.length) : fault, isPart };
}

/** Which call is to fail with what; undefined: this one does not. `at` counts all that could fail, from 1 on. */
export type FaultPlan = (at: number, call: Fallible) => string | undefined;

/** Failures of single calls by their place in a history: what `Control.failNext` does by their name. */
export class Faults {
  /** All calls that could have failed so far, by name. */
  readonly calls: Fallible[] = [];
  /** What has failed by this plan. */
  readonly struck: { readonly at: number; readonly call: Fallible; readonly fault: string }[] = [];
  plan: FaultPlan = () => undefined;

  /** To be asked by each call that can fail, before it does anything. */
  take(call: Fallible): string | undefined {
    const at = this.calls.push(call);
    const fault = this.plan(at, call);
    if (fault !== undefined) this.struck.push({ at, call, fault });
    return fault;
  }
}
