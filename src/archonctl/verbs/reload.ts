import { formatDuration, parseDuration } from '../../base/duration.ts';
import { textOf } from '../../protocol/bytes.ts';
import { changesOf, changesText, tellWrongness } from '../changes.ts';
import { consult } from '../consult.ts';
import { printJson } from '../print/document.ts';
import { defineVerb, EXIT } from '../verb.ts';

/** `archonctl reload`. */
export const reload = defineVerb({
  name: 'reload',
  operands: [],
  order: 'options-anywhere',
  options: {
    check: { help: 'only say what would happen' },
    confirm: {
      value: 'DURATION',
      help: 'go back to what is in force now, unless archonctl confirm comes within so long',
      check: parseDuration,
    },
  },
  description:
    'Reads the configuration anew. Units that have not changed are not touched; what a process was made with changes by ' +
    'a restart, everything else is taken over; what is new is started, what is gone is stopped and forgotten. A ' +
    'configuration that is wrong changes nothing.',
  examples: [
    ['reload --check', 'what would happen, unit by unit'],
    ['reload', 'returns when all of it has begun; archonctl events tells what comes of it'],
    ['reload --confirm 60s', 'for a change that may lock out whoever makes it'],
  ],
  async run(invocation) {
    const { given, globals, screen } = invocation;
    const isCheck = given.check === true;
    if (isCheck && given.confirm !== undefined) {
      screen.complain('--check changes nothing that could be confirmed');
      return EXIT.wrongUse;
    }
    const options = [
      ...(isCheck ? ['@check=1'] : []),
      ...(given.confirm === undefined ? [] : [`@confirm=${given.confirm}`]),
    ];
    const answers = await consult(invocation, [{ fields: ['Reload', ...options] }], true);
    if (!answers.ok) return answers.error;
    const [answer] = answers.value;
    if (answer?.closing.kind !== 'ok') return tellWrongness(invocation, answers.value);
    const changes = changesOf(answer);
    if (globals.format === 'json') {
      printJson(screen, { changes });
      return EXIT.done;
    }
    screen.out(changesText(changes, screen.isColoured()));
    if (given.confirm !== undefined) {
      const patience = parseDuration(textOf(given.confirm));
      const within = patience.ok ? formatDuration(patience.value) : given.confirm;
      screen.complain(`archonctl confirm has to follow within ${within}, else what was in force comes back`);
    }
    return EXIT.done;
  },
});
