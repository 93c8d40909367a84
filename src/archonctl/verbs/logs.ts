import { refuse } from '../../base/failure.ts';
import { ok } from '../../base/result.ts';
import { show } from '../../base/show.ts';
import { bytesOf, textOf } from '../../protocol/bytes.ts';
import { consult, recordsOf, settle, type Answer } from '../consult.ts';
import { printJson } from '../print/document.ts';
import { localTime } from '../print/time.ts';
import { numberOf } from '../print/unit.ts';
import { defineVerb } from '../verb.ts';

/** A line of a log; the time is empty where it is not known. */
interface LogLine {
  readonly label: string;
  readonly time: string;
  readonly text: string;
}

/** `archonctl logs`. */
export const logs = defineVerb({
  name: 'logs',
  operands: ['<label...>'],
  order: 'options-anywhere',
  options: {
    lines: {
      short: 'n',
      value: 'LINES',
      help: 'only the last so many of each',
      check: (text) =>
        /^\d{1,9}$/.test(text) ? ok(text) : refuse('bad-argument', `${show(text)} is not a number of lines`),
    },
    times: { short: 't', help: 'with the time of each line, as far as it is known' },
  },
  description:
    'Prints what units have written, byte by byte as they wrote it. The lines of several are told apart by their ' +
    'labels and put in the order of their times, as far as these are known.',
  examples: [
    ['logs -n 20 web', 'the last twenty lines'],
    ['logs -t web db', 'both, with times'],
  ],
  async run(invocation) {
    const { given, words, globals, screen } = invocation;
    const options = given.lines === undefined ? [] : [`@lines=${given.lines}`];
    const questions = words.map((label) => ({ fields: ['Log', label, ...options] }) as const);
    const answers = await consult(invocation, questions, true);
    if (!answers.ok) return answers.error;
    const lines = inOrder(words.map((label, index) => linesOf(label, answers.value[index])));
    if (globals.format === 'json') {
      printJson(screen, {
        lines: lines.map((line) => ({ ...line, time: numberOf(line.time), text: textOf(line.text) })),
      });
    } else {
      const width = words.length === 1 ? undefined : Math.max(...words.map((label) => label.length));
      screen.outBytes(bytesOf(lines.map((line) => shown(line, width, given.times === true)).join('')));
    }
    return settle(invocation, answers.value);
  },
});

function linesOf(label: string, answer: Answer | undefined): LogLine[] {
  return recordsOf(answer, 'Line').map(([time = '', text = '']) => ({ label, time, text }));
}

/** All lines by their times; a line without one stays behind the line of its unit that it followed. */
function inOrder(units: readonly (readonly LogLine[])[]): readonly LogLine[] {
  const timed = units.flatMap((lines) => {
    let atS = 0;
    return lines.map((line) => {
      atS = numberOf(line.time) ?? atS;
      return { line, atS };
    });
  });
  return timed.sort((one, other) => one.atS - other.atS).map(({ line }) => line);
}

function shown({ label, time, text }: LogLine, width: number | undefined, hasTimes: boolean): string {
  const when = hasTimes && time !== '' ? `${localTime(time)} ` : '';
  return `${width === undefined ? '' : `${label.padEnd(width)} | `}${when}${text}\n`;
}
