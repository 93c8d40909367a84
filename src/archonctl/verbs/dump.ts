import { textOf } from '../../protocol/bytes.ts';
import { consult, settle } from '../consult.ts';
import { graphPicture } from '../draw/graph.ts';
import { savePicture } from '../draw/save.ts';
import { printJson } from '../print/document.ts';
import { dotOf } from '../print/dot.ts';
import { defineVerb, EXIT } from '../verb.ts';

/** `archonctl dump`. */
export const dump = defineVerb({
  name: 'dump',
  operands: ['<what>'],
  order: 'options-anywhere',
  options: {
    dot: { help: 'the graph in the language of Graphviz' },
    svg: { value: 'FILE', help: 'draw the graph into this file' },
  },
  description:
    'Prints what the supervisor goes by: config is the configuration in force, as YAML that loads to the same; graph ' +
    'is what units say of each other; state is what is known of each unit, as JSON texts. What is asked for is one ' +
    'of config, graph, ports, rules and state.',
  examples: [
    ['dump config', 'one file without includes, parameters and defaults'],
    ['dump graph --svg units.svg', 'a picture of what needs what'],
    ['dump graph --dot', 'for dot -Tsvg, which draws what needs what'],
  ],
  async run(invocation) {
    const { words, globals, screen, given } = invocation;
    if ((given.dot === true || given.svg !== undefined) && words[0] !== 'graph') {
      screen.complain('--dot and --svg go with dump graph');
      return EXIT.wrongUse;
    }
    const answers = await consult(invocation, [{ fields: ['Dump', ...words] }], true);
    if (!answers.ok) return answers.error;
    const [answer] = answers.value;
    if (answer?.closing.kind !== 'ok') return settle(invocation, answers.value);
    const lines = answer.data.flatMap((one) => (one.kind === 'data' ? [textOf(one.fields[0] ?? '')] : []));
    if (given.svg !== undefined)
      return savePicture(screen, given.svg, graphPicture(lines)) ? EXIT.done : EXIT.failed;
    if (given.dot === true) screen.out(dotOf(lines));
    else if (globals.format === 'json') printJson(screen, { lines });
    else screen.out(lines.map((line) => `${line}\n`).join(''));
    return EXIT.done;
  },
});
