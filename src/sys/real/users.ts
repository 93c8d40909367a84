import { native } from '../native.ts';
import type { Users } from '../sys.ts';
import { groupsOf } from './groups.ts';

/** A user or a group may be named by its number. */
const NUMBER = /^[0-9]{1,10}$/;
const HIGHEST_ID = 2 ** 32 - 2;

type Found = Parameters<typeof native.lookUp>[3];

/** Asks the system's databases; `done` is called with -1 where the text cannot name anyone. */
function lookUp(group: 0 | 1, text: string, done: Found): void {
  const number = NUMBER.test(text) ? Number(text) : undefined;
  const nobody = (): void => done(-1, -1, '', new Uint8Array());
  const name = Buffer.from(number === undefined ? text : '');
  const canBe =
    number === undefined ? name.length > 0 && name.length < 256 && !name.includes(0) : number <= HIGHEST_ID;
  if (!canBe || !native.lookUp(group, name, number ?? 0, done)) process.nextTick(nobody);
}

/** `Sys.users`: getpwnam(3) and its kin, on a thread of libuv's pool. */
export const realUsers: Users = {
  user(nameOrUid, done) {
    lookUp(0, nameOrUid, (uid, gid, name, groups) => {
      if (uid < 0) {
        done(undefined);
        return;
      }
      done({ name, uid, gid, groups: groupsOf(groups) });
    });
  },

  group(nameOrGid, done) {
    lookUp(1, nameOrGid, (uid, gid) => done(uid < 0 ? undefined : gid));
  },
};
