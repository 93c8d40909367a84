import type { UserEntry, Users } from '../sys.ts';
import type { View } from './view.ts';

/** A user or group may be named by its number. */
const NUMBER = /^[0-9]{1,10}$/;

/** `Sys.users`, out of `FakeKernel.accounts` as they are when the answer is due. */
export class FakeUsers implements Users {
  readonly #view: View;

  constructor(view: View) {
    this.#view = view;
  }

  user(nameOrUid: string, done: (user: UserEntry | undefined) => void): void {
    this.#view.call('users.user');
    const { users } = this.#view.kernel.accounts;
    this.#later(() => {
      const uid = NUMBER.test(nameOrUid) ? Number(nameOrUid) : undefined;
      done(users.find((user) => (uid === undefined ? user.name === nameOrUid : user.uid === uid)));
    });
  }

  group(nameOrGid: string, done: (gid: number | undefined) => void): void {
    this.#view.call('users.group');
    const { groups } = this.#view.kernel.accounts;
    this.#later(() => {
      done(
        NUMBER.test(nameOrGid)
          ? [...groups.values()].find((gid) => gid === Number(nameOrGid))
          : groups.get(nameOrGid),
      );
    });
  }

  #later(answer: () => void): void {
    const { loop, accounts } = this.#view.kernel;
    loop.schedule(loop.nowMs() + accounts.delayMs, () => this.#view.post(answer));
  }
}
