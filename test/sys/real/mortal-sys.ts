import type { Connection, Sys } from '../../../src/sys/sys.ts';

/**
 * A `Sys` that can die as the process of an archond would: its sockets, copyings, watches and timers end
 * with it, and its channel is closed. What it has opened as plain descriptors stays with the test.
 */
export function mortal(sys: Sys): { readonly sys: Sys; readonly die: () => void } {
  const atDeath = new Set<() => void>();
  const owned = (connection: Connection): Connection => {
    atDeath.add(() => connection.close(true));
    return connection;
  };
  return {
    sys: {
      ...sys,
      timers: {
        at(atMs, action) {
          const cancel = sys.timers.at(atMs, action);
          atDeath.add(cancel);
          return cancel;
        },
      },
      sockets: {
        listen(path, mode, accept) {
          const listening = sys.sockets.listen(path, mode, (connection) => accept(owned(connection)));
          // A process that is killed does not remove its socket file, but this one cannot let go without.
          if (listening.ok) atDeath.add(() => listening.value.close());
          return listening;
        },
        connect(path) {
          const connection = sys.sockets.connect(path);
          if (connection.ok) owned(connection.value);
          return connection;
        },
      },
      pidfds: {
        ...sys.pidfds,
        watch(pidfd, ended) {
          const cancel = sys.pidfds.watch(pidfd, ended);
          atDeath.add(cancel);
          return cancel;
        },
      },
      output: {
        ...sys.output,
        copy(...given) {
          const copying = sys.output.copy(...given);
          atDeath.add(() => copying.close());
          return copying;
        },
      },
    },
    die() {
      sys.close();
      for (const end of atDeath) end();
      atDeath.clear();
    },
  };
}
