import { refuse } from '../../base/failure.ts';
import { ok } from '../../base/result.ts';
import { listing, show } from '../../base/show.ts';
import { signalName, signalNumber } from '../../base/signals.ts';
import { askForCount } from '../counted.ts';
import { defineVerb, EXIT } from '../verb.ts';

const SCOPES = ['main', 'group', 'tree'] as const;

/** `archonctl kill`. */
export const kill = defineVerb({
  name: 'kill',
  operands: ['<label...>'],
  order: 'options-anywhere',
  options: {
    signal: { short: 's', value: 'SIGNAL', help: 'by name or number (SIGTERM)', check: signalNumber },
    scope: {
      value: 'SCOPE',
      help: 'the main process, its process group, or all that it started: main, group, tree (main)',
      check: (text) =>
        SCOPES.some((scope) => scope === text)
          ? ok(text)
          : refuse('bad-argument', `${show(text)} is not ${listing(SCOPES)}`),
    },
  },
  description:
    'Sends a signal to units. What they do about it is theirs; a unit that ends of it may be started again by ' +
    'its restart policy: stop is what ends it for good. Labels may be globs. As with kill(1), -9 stands for -s 9.',
  examples: [
    ['kill -s HUP web', 'usually: read the configuration again'],
    ["kill -9 --scope tree 'worker-*'", 'SIGKILL to all that they started'],
  ],
  async run(invocation) {
    const { given, words, screen } = invocation;
    const [first = ''] = words;
    const habit = given.signal === undefined && /^-\d+$/.test(first) ? first.slice(1) : undefined;
    const signal = signalNumber(habit ?? given.signal ?? 'SIGTERM');
    const labels = habit === undefined ? words : words.slice(1);
    if (!signal.ok || labels.length === 0) {
      screen.complain(
        signal.ok ? 'name a label after the signal; see archonctl kill --help' : signal.error.message,
      );
      return EXIT.wrongUse;
    }
    const name = signalName(signal.value);
    const scope = given.scope === undefined ? [] : [`@scope=${given.scope}`];
    return askForCount(
      invocation,
      ['Signal', name, ...labels, ...scope],
      false,
      (units) => `${name} sent to ${units}`,
    );
  },
});
