import { failure, type Failure } from '../../base/failure.ts';
import type { Client } from '../call.ts';
import type { UnitRecord } from '../unit-record.ts';

/** Whose rights are asked about. */
export type Who = Pick<Client, 'peer' | 'role'>;

/**
 * Whether a client may act on a unit: owners on all; who is admitted to control on the units of the
 * configuration, and on commands that run as that very user.
 */
export function mayControl({ peer, role }: Who, record: UnitRecord): boolean {
  if (role === 'owner') return true;
  return role === 'control' && (record.configured !== undefined || record.owner === peer.uid);
}

/** Why not (`denied`). */
export function notYours({ label }: UnitRecord): Failure {
  const allowed = 'the role control is for units of the configuration and for what runs as your own user';
  return failure('denied', `${label} is neither: ${allowed}`);
}
