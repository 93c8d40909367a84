/** The controllers of cgroup2 by which trees are limited. */
export type Controller = 'memory' | 'cpu' | 'pids';

/**
 * Why a controller cannot be had. `unmounted`: there is no cgroup2. `version-1`: the kernel has it in a hierarchy of
 * version 1. `absent`: the kernel has none, or it is switched off. `not-given`: the cgroup `folder`, in which the
 * supervisor was started, is not given it. `closed`: this user may not give it on there. `inhabited`: other processes
 * are in there, so that it may give nothing on. `minders`: trees are no cgroups. `unlimited`: the keeper is of a
 * version that knows no limits.
 */
export type WhyNoController =
  | { readonly kind: 'unmounted' | 'version-1' | 'absent' | 'minders' | 'unlimited' }
  | { readonly kind: 'not-given' | 'closed' | 'inhabited'; readonly folder: string };
