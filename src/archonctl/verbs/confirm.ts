import { changesOf, changesText } from '../changes.ts';
import { consult, settle } from '../consult.ts';
import { printJson } from '../print/document.ts';
import { defineVerb, EXIT } from '../verb.ts';

/** `archonctl confirm`. */
export const confirm = defineVerb({
  name: 'confirm',
  operands: [],
  order: 'options-anywhere',
  options: {},
  description: 'What a reload with --confirm has brought into force stays.',
  examples: [['confirm', 'after reload --confirm 60s, when all is well']],
  async run(invocation) {
    const { globals, screen } = invocation;
    const answers = await consult(invocation, [{ fields: ['Confirm'] }], false);
    if (!answers.ok) return answers.error;
    const [answer] = answers.value;
    if (answer?.closing.kind !== 'ok') return settle(invocation, answers.value);
    const changes = changesOf(answer);
    if (globals.format === 'json') printJson(screen, { changes });
    else screen.out(changesText(changes, screen.isColoured()));
    return EXIT.done;
  },
});
