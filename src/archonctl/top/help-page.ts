import { styled } from '../print/sgr.ts';
import { cutTo } from '../print/table.ts';
import type { Look } from './frame.ts';

const LINES = [
  'q, Ctrl-C         quit                    Ctrl-Z       stop, fg goes on',
  '/                 filter by typing a part of labels, or a glob; Enter keeps it, Esc ends it',
  'c m l s           order by cpu, memory, label, state',
  'f t n p           by descriptors, threads, processes, pid',
  'r w x a           by read, written, restarts, age',
  '< >               by the column at the left, at the right',
  'R                 the other way round',
  'd                 hide what is down, or show it',
  'up down j k       mark a unit; page up and down, home and end, g G go far',
  'Enter             look at the marked unit, with what it has used in the last hour',
  'Esc               back; mark nothing; no filter',
  'space             look at once',
  'Ctrl-L            draw all anew',
  '',
  'CPU% is of one processor, MAX% and MAXMEM the most since the unit was started,',
  'FDS are descriptors, THR threads, PROC processes. AGE is that of the state.',
  'Columns that do not fit are left out: a wider window shows more.',
];

/** What the keys do. */
export function helpPage({ columns, rows, isColoured }: Look): readonly string[] {
  const lines = ['Keys', '', ...LINES].map((line) => cutTo(line, columns)).slice(0, rows - 1);
  const rest = new Array<string>(Math.max(0, rows - 1 - lines.length)).fill('');
  return [...lines, ...rest, styled(cutTo('Esc back', columns), 'faint', isColoured)];
}
