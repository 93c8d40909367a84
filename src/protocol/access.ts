import { failure, type Failure } from '../base/failure.ts';
import { ROLES, type Role } from './role.ts';
import { VERBS, type Verb } from './verbs.ts';

/** Why a peer of this role may not ask for `verb` (`denied`), or undefined where it may. */
export function accessRefusal(role: Role, verb: Verb): Failure | undefined {
  const needed = VERBS[verb].role;
  if (ROLES.indexOf(role) >= ROLES.indexOf(needed)) return undefined;
  if (role === 'none')
    return failure('denied', 'your user is not admitted: the configuration names who is, under access');
  const who = needed === 'owner' ? 'root and the user of the supervisor' : 'users of the role control';
  return failure('denied', `${verb} is for ${who}; yours is the role ${role}`);
}
