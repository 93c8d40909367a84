import type { ExecStage, ResourceLimit, SpawnOrder } from '../sys.ts';
import { EXEC_STAGES } from '../sys.ts';
import { pathKey } from './file-tree.ts';
import type { Command, FakeKernel } from './kernel.ts';
import type { FakeProcess } from './process.ts';
import type { Attributes } from './process-types.ts';

/** What RLIMIT_… there are (getrlimit(2)), by the names of `ResourceLimit`. */
const RESOURCES: ReadonlySet<string> = new Set([
  ...['as', 'core', 'cpu', 'data', 'fsize', 'locks', 'memlock', 'msgqueue', 'nice', 'nofile', 'nproc', 'rss'],
  ...['rtprio', 'rttime', 'sigpending', 'stack'],
]);

/** What /proc/PID/comm says after the exec of this path: its last part, 15 bytes of it (proc(5)). */
function nameAfter(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1).slice(0, 15);
}

/** Where a child failed on its way. */
export interface ExecFailure {
  readonly stage: ExecStage;
  readonly code: string;
}

/** Says where and how starts of this order are to fail; `undefined`: as they would by themselves. */
export type FailureChoice = (order: SpawnOrder) => ExecFailure | undefined;

/** What is wrong with an order, as an errno; `undefined`: nothing. */
export function orderFault(order: SpawnOrder): string | undefined {
  const strings = [...order.argv, ...order.env, ...order.paths];
  if (order.cwd !== undefined) strings.push(order.cwd);
  if (order.tty !== undefined) strings.push(order.tty);
  if (order.argv.length === 0 || order.paths.length === 0) return 'EINVAL';
  if (strings.some((text) => text.includes(0))) return 'EINVAL';
  if (!/^[\x20-\x7e]{1,255}$/.test(order.label)) return 'EINVAL';
  if (!Number.isSafeInteger(order.generation) || order.generation < 1) return 'EINVAL';
  const numbers = order.descriptors.map((item) => item.to);
  if (numbers.length > 64 || new Set(numbers).size < numbers.length) return 'EINVAL';
  return numbers.every((to) => Number.isInteger(to) && to >= 0 && to <= 255) ? undefined : 'EINVAL';
}

/** How long the exec of this order will take. */
export function execMs(kernel: FakeKernel, order: SpawnOrder): number {
  return order.paths.map((path) => kernel.command(path)?.execMs ?? 0).find((ms) => ms > 0) ?? 0;
}

function limitFailure(kernel: FakeKernel, limits: readonly ResourceLimit[]): string | undefined {
  for (const limit of limits) {
    if (!RESOURCES.has(limit.resource) || limit.soft > limit.hard) return 'EINVAL';
    if (limit.hard > (kernel.settings.hardLimits.get(limit.resource) ?? Number.POSITIVE_INFINITY))
      return 'EPERM';
  }
  return undefined;
}

/** The errno with which this stage fails for this order, by the state of the fake kernel. */
function stageFailure(kernel: FakeKernel, order: SpawnOrder, stage: ExecStage): string | undefined {
  const root = kernel.user.uid === 0;
  switch (stage) {
    case 'tty': {
      if (order.tty === undefined) return undefined;
      const node = kernel.files.node(pathKey(order.tty));
      return node === undefined ? 'ENOENT' : node.kind === 'terminal' ? undefined : 'ENOTTY';
    }
    case 'rlimit':
      return limitFailure(kernel, order.limits ?? []);
    case 'nice':
      return (order.nice ?? 0) < 0 && !root ? 'EACCES' : undefined;
    case 'oom':
      return (order.oomScoreAdjust ?? 0) < 0 && !root ? 'EACCES' : undefined;
    case 'user':
      return order.user !== undefined && !root ? 'EPERM' : undefined;
    case 'cwd': {
      if (order.cwd === undefined) return undefined;
      const node = kernel.files.node(pathKey(order.cwd));
      return node === undefined ? 'ENOENT' : node.kind === 'folder' ? undefined : 'ENOTDIR';
    }
    case 'request':
    case 'fork':
    case 'cgroup':
    case 'session':
    case 'privileges':
    case 'descriptors':
    case 'exec':
      return undefined;
  }
}

/** Tries the paths in their order: what is missing is passed over, `EACCES` remembered, anything else is the end. */
function execute(kernel: FakeKernel, child: FakeProcess, order: SpawnOrder): Command | string {
  let code = 'ENOENT';
  for (const path of order.paths) {
    const command = kernel.command(path);
    if (command === undefined) continue;
    if (command.execFails !== undefined) return command.execFails;
    if (command.executable !== false) {
      child.name = nameAfter(pathKey(path));
      return command;
    }
    code = 'EACCES';
  }
  return code;
}

/** What the order makes of a child's attributes. */
export function orderedAttributes(
  kernel: FakeKernel,
  order: SpawnOrder,
  descriptorLimit: { readonly soft: number; readonly hard: number },
): Attributes {
  const usual = kernel.attributes();
  return {
    argv: order.argv,
    env: order.env,
    cwd: order.cwd === undefined ? usual.cwd : pathKey(order.cwd),
    umask: order.umask ?? usual.umask,
    uid: order.user?.uid ?? usual.uid,
    gid: order.user?.gid ?? usual.gid,
    groups: order.user?.groups ?? usual.groups,
    nice: order.nice ?? usual.nice,
    oomScoreAdjust: order.oomScoreAdjust ?? usual.oomScoreAdjust,
    noNewPrivileges: order.noNewPrivileges ?? usual.noNewPrivileges,
    limits: new Map([
      ['nofile', descriptorLimit],
      ...(order.limits ?? []).map(({ resource, soft, hard }) => [resource, { soft, hard }] as const),
    ]),
  };
}

/** A child goes from the fork to its first instruction; returns what it executes, or where it failed. */
export function goToExec(
  kernel: FakeKernel,
  child: FakeProcess,
  order: SpawnOrder,
  wanted: ExecFailure | undefined,
): Command | ExecFailure {
  for (const stage of EXEC_STAGES) {
    const code = wanted?.stage === stage ? wanted.code : stageFailure(kernel, order, stage);
    if (code !== undefined) return { stage, code };
  }
  const command = execute(kernel, child, order);
  if (typeof command === 'string') return { stage: 'exec', code: command };
  if (order.listenPid === true) {
    const listenPid = Buffer.from(`LISTEN_PID=${String(child.pid)}`);
    child.attributes = { ...child.attributes, env: [...child.attributes.env, listenPid] };
  }
  return command;
}
