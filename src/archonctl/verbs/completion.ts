import { listing } from '../../base/show.ts';
import { socketPath } from '../../protocol/socket-path.ts';
import { candidatesFor, type Candidate, type Candidates } from '../completion/candidates.ts';
import { liveLabels } from '../completion/live-labels.ts';
import { SCRIPTS, SHELLS } from '../completion/scripts.ts';
import { defineVerb, EXIT, type Invocation } from '../verb.ts';

/** By this the scripts ask. */
const ASKING = 'candidates';

/** `archonctl completion`. */
export const completion = defineVerb({
  name: 'completion',
  operands: ['<shell>', '[words...]'],
  order: 'options-first',
  options: {},
  description:
    'Prints what makes a shell (bash, zsh, fish) complete verbs, options, their values, and the labels that the supervisor ' +
    'has at that moment. With "candidates" it says what could stand in the place of the last word, which is how the ' +
    'shells ask.',
  examples: [
    ['completion bash', 'in ~/.bashrc: source <(archonctl completion bash)'],
    ['completion zsh', 'in ~/.zshrc, behind compinit: source <(archonctl completion zsh)'],
    ['completion fish', 'into ~/.config/fish/completions/archonctl.fish'],
  ],
  async run(invocation) {
    const { words, screen } = invocation;
    const [shell = '', ...line] = words;
    if (shell === ASKING) {
      screen.out(await answer(invocation, line[0] === '--' ? line.slice(1) : line));
      return EXIT.done;
    }
    const script = SHELLS.find((name) => name === shell);
    if (script === undefined || line.length > 0) {
      screen.complain(`write archonctl completion ${listing([...SHELLS], 'or')}`);
      return EXIT.wrongUse;
    }
    screen.out(SCRIPTS[script]);
    return EXIT.done;
  },
});

/** The lines that a script reads. */
async function answer(invocation: Invocation, line: readonly string[]): Promise<string> {
  const { verbs } = invocation;
  const names = Object.entries(verbs).flatMap(([name, { aliases = [], summary }]) =>
    [name, ...aliases].map((one): Candidate => [one, summary]),
  );
  const found = await candidatesFor(line, {
    names: [...names, ['help', 'what a verb does']],
    load: async (name) =>
      Object.entries(verbs)
        .find(([own, { aliases = [] }]) => own === name || aliases.includes(name))?.[1]
        .load(),
  });
  if (found.kind === 'files' || found.kind === 'command') return `:${found.kind}\n`;
  const candidates = found.kind === 'labels' ? await labels(invocation, line, found) : found.words;
  const current = line.at(-1) ?? '';
  return candidates
    .filter(([word]) => word.startsWith(current))
    .map(([word, does]) => (does === '' ? `${word}\n` : `${word}\t${does}\n`))
    .join('');
}

async function labels(
  { globals, caller }: Invocation,
  line: readonly string[],
  { without }: Extract<Candidates, { kind: 'labels' }>,
): Promise<readonly Candidate[]> {
  const socket = socketPath(socketIn(line) ?? globals.socket, caller.uid, caller.env);
  const live = await liveLabels(socket);
  return live.filter(([label]) => !without.includes(label));
}

/** The socket that the line itself names. */
function socketIn(line: readonly string[]): string | undefined {
  const at = line.lastIndexOf('--socket', line.length - 2);
  if (at >= 0) return line[at + 1];
  const glued = line.slice(0, -1).findLast((word) => word.startsWith('--socket='));
  return glued?.slice('--socket='.length);
}
