/**
 * What a peer may do, each including the one before: nothing; look and subscribe; start, stop, restart,
 * signal, enable and disable, and run commands as itself; everything.
 */
export const ROLES = ['none', 'read', 'control', 'owner'] as const;
export type Role = (typeof ROLES)[number];

/** A peer by its credentials (unix(7), SO_PEERCRED, SO_PEERGROUPS). */
export interface Peer {
  readonly uid: number;
  readonly gid: number;
  /** Supplementary groups. */
  readonly groups: readonly number[];
}

/** An entry of `access` in the configuration, its name resolved to a number. */
export type AccessEntry =
  | { readonly kind: 'user'; readonly uid: number; readonly role: 'read' | 'control' }
  | { readonly kind: 'group'; readonly gid: number; readonly role: 'read' | 'control' };

/** The role of a peer: root and the supervisor's own user own it, others get the highest of the entries that name them. */
export function roleOf(peer: Peer, ownUid: number, entries: readonly AccessEntry[]): Role {
  if (peer.uid === 0 || peer.uid === ownUid) return 'owner';
  const mine = entries.filter((entry) => names(entry, peer)).map((entry) => entry.role);
  if (mine.includes('control')) return 'control';
  return mine.includes('read') ? 'read' : 'none';
}

function names(entry: AccessEntry, peer: Peer): boolean {
  return entry.kind === 'user'
    ? entry.uid === peer.uid
    : entry.gid === peer.gid || peer.groups.includes(entry.gid);
}
