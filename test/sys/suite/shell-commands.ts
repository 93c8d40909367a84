import type { Command, Commands } from './harness.ts';

/** What `tellsFacts` writes, told by a shell. It reads from files, because each `$()` would open a descriptor. */
const FACTS = `
read -r stat < /proc/$$/stat
set -- $stat
echo "pid=$$"
echo "group=$5"
echo "session=$6"
echo "nice=\${19}"
printf 'cwd='; pwd -P
printf 'umask='; umask
printf 'uid='; id -u
printf 'gid='; id -g
printf 'groups='; id -G
read -r oom < /proc/$$/oom_score_adj
echo "oom=$oom"
while read -r key mask rest; do
  case $key in
    SigBlk:) echo "blocked=$mask" ;;
    SigIgn:) echo "ignored=$mask" ;;
    NoNewPrivs:) echo "no-new-privileges=$mask" ;;
  esac
done < /proc/$$/status
printf 'files-soft='; ulimit -Sn
printf 'files-hard='; ulimit -Hn
echo descriptors:
ls -v /proc/$$/fd
`;

const ENDLESS = '100000';

/** A file of the system by its name, in the folders where it may stand. */
function tool(name: string, ...words: readonly string[]): Command {
  const paths = ['/bin', '/usr/bin'].map((folder) => Buffer.from(`${folder}/${name}`));
  return { argv: [name, ...words].map((word) => Buffer.from(word)), paths };
}

/** A script for sh(1), and the words that it sees as `$1`, `$2` … */
function shell(script: string, ...words: readonly string[]): Command {
  return tool('sh', '-c', script, 'sh', ...words);
}

/** The commands of the suite as scripts and tools that every Linux has. They need no PATH in their environment. */
export const shellCommands: Commands = {
  exits: (code) => shell('exit "$1"', String(code)),
  dies: (signal) => shell('ulimit -c 0; kill -s "$1" $$; sleep "$2"', String(signal), ENDLESS),
  sleeps: () => tool('sleep', ENDLESS),
  says: (text) => shell('printf %s "$1"', text),
  tellsWords: (words) => {
    const { argv, paths } = shell('printf "%s\\0" "$@"');
    return { argv: [...argv, ...words], paths };
  },
  tellsEnvironment: () => tool('cat', '/proc/self/environ'),
  tellsFacts: () => shell(FACTS),
  copies: (from) => (from === 0 ? tool('cat') : tool('cat', `/proc/self/fd/${from}`)),
  exitsAtTerm: (code) =>
    shell('trap "kill \\$!; exit $1" TERM; sleep "$2" & echo ready; wait', String(code), ENDLESS),
  stubborn: () =>
    shell(
      `trap '' TERM
       (env -i setsid sh -c 'trap "" TERM; echo ready; exec sleep "$1"' sh "$1" &)
       exec sleep "$1"`,
      ENDLESS,
    ),
  leavesDaemon: (code) => shell('(setsid sleep "$2" &); exit "$1"', String(code), ENDLESS),
  leavesOrphan: (code) => shell(`(sh -c 'echo $$; exit "$1"' sh "$1" &); exit 0`, String(code)),
  family: () =>
    shell(
      `setsid sh -c 'echo far; exec sleep "$1"' sh "$1" &
       sleep "$1" &
       echo near
       wait`,
      ENDLESS,
    ),
  forbidden: () => ({ argv: [Buffer.from('passwd')], paths: [Buffer.from('/etc/passwd')] }),
};
