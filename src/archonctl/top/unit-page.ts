import { formatDuration } from '../../base/duration.ts';
import { formatSize } from '../../base/size.ts';
import { chart } from '../draw/spark.ts';
import { paintState } from '../print/colour.ts';
import { printable } from '../print/printable.ts';
import { styled } from '../print/sgr.ts';
import { cutTo } from '../print/table.ts';
import { exitOf } from '../print/unit.ts';
import { binned, extremesOf, type Quantity, type Sample } from '../story/history.ts';
import type { News } from './feed.ts';
import { headLine, type Look, type Scene } from './frame.ts';
import type { TopRow } from './row.ts';

/** A chart of a quantity over the time that there is of it. */
interface Graph {
  readonly quantity: Quantity;
  readonly title: string;
  readonly shown: (value: number) => string;
  /** The least that stands for a full height. */
  readonly least: number;
}

const bytes = (value: number): string => formatSize(Math.round(value));

/** In the order of their importance. */
const GRAPHS: readonly Graph[] = [
  { quantity: 'cpu', title: 'cpu', shown: (value) => `${value.toFixed(1)}%`, least: 5 },
  { quantity: 'memory', title: 'memory', shown: bytes, least: 1 },
  { quantity: 'written', title: 'written', shown: (value) => `${bytes(value)}/s`, least: 1024 },
  { quantity: 'read', title: 'read', shown: (value) => `${bytes(value)}/s`, least: 1024 },
  { quantity: 'descriptors', title: 'descriptors', shown: (value) => String(Math.round(value)), least: 1 },
  { quantity: 'threads', title: 'threads', shown: (value) => String(Math.round(value)), least: 1 },
];

/** With fewer rows a chart says nothing. */
const LEAST_HEIGHT = 4;
const MOST_HEIGHT = 12;
/** What is known of a shorter time fills a part of the chart only. */
const LEAST_SPAN_S = 300;

/** The page of one unit: what is known of it, and charts of what it has used. */
export function unitPage(scene: Scene, label: string, past: News['past'], look: Look): readonly string[] {
  const { columns, rows, isColoured } = look;
  /* That of another unit may still be there. */
  const samples = past?.label === label ? past.samples : undefined;
  const row = scene.all.find((one) => one.label === label);
  const head = [
    headLine(scene, look),
    styled(cutTo(printable(label), columns), 'bold', isColoured),
    ...factLines(row, scene.nowMs, look),
    scene.trouble === undefined ? '' : styled(cutTo(scene.trouble, columns), 'alarm', isColoured),
  ];
  const foot = styled(cutTo('Esc all units  q quit', columns), 'faint', isColoured);
  const room = rows - head.length - 1;
  /* Of what there was none, nothing is drawn; processor and memory are told in any case. */
  const graphs = GRAPHS.filter(({ quantity }, at) => {
    const most = extremesOf(samples ?? [], quantity)?.most;
    return most !== undefined && (at < 2 || most > 0);
  });
  const count = Math.max(1, Math.min(graphs.length, Math.floor(room / (LEAST_HEIGHT + 1))));
  const height = Math.min(MOST_HEIGHT, Math.floor(room / count) - 1);
  const drawn =
    samples === undefined || height < 2
      ? []
      : samples.length === 0
        ? ['nothing is known yet of what it has used']
        : graphs.slice(0, count).flatMap((graph) => graphLines(graph, samples, height, look));
  const lines = [...head, ...drawn].slice(0, rows - 1);
  return [...lines, ...new Array<string>(Math.max(0, rows - 1 - lines.length)).fill(''), foot];
}

function factLines(row: TopRow | undefined, nowMs: number, { columns, isColoured }: Look): readonly string[] {
  if (row === undefined) return ['there is no such unit any more', ''];
  const { state, pid, since, restarts, lastExit, cpu, memory, processes, threads, descriptors } = row;
  const age = since === undefined ? '' : ` for ${formatDuration(Math.max(0, nowMs - since * 1000))}`;
  const first = [
    ...(pid === undefined ? [] : [`pid ${pid}`]),
    ...(restarts === undefined ? [] : [counted(restarts, 'restart', 'restarts')]),
    ...(lastExit === '' ? [] : [`last exit ${exitOf(lastExit)}`]),
  ];
  const second = [
    ...(cpu === undefined ? [] : [`cpu ${cpu.toFixed(1)}%`]),
    ...(memory === undefined ? [] : [`memory ${formatSize(memory)}`]),
    ...(processes === undefined ? [] : [counted(processes, 'process', 'processes')]),
    ...(threads === undefined ? [] : [counted(threads, 'thread', 'threads')]),
    ...(descriptors === undefined ? [] : [counted(descriptors, 'descriptor', 'descriptors')]),
  ];
  const rest = cutTo([age, ...first].join(', '), Math.max(0, columns - state.length));
  return [
    paintState(state, printable(state), isColoured) + rest,
    cutTo(second.length === 0 ? 'it has no process' : second.join(', '), columns),
  ];
}

function counted(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`;
}

/** A title with the figures, then the chart; its scale stands at the right of its first and last line. */
function graphLines(
  { quantity, title, shown, least }: Graph,
  samples: readonly Sample[],
  height: number,
  { columns, isColoured, isUtf8 }: Look,
): readonly string[] {
  const { most = 0, last = 0 } = extremesOf(samples, quantity) ?? {};
  const top = Math.max(least, most);
  const scale = [shown(top), '0'];
  const scaleWidth = Math.max(...scale.map(({ length }) => length));
  const width = Math.max(1, columns - scaleWidth - 1);
  const to = samples.at(-1)?.at ?? 0;
  const began = samples[0]?.at ?? 0;
  const from = Math.min(began, to - LEAST_SPAN_S);
  const rows = chart(binned(samples, quantity, from, to, width), top, height, isUtf8);
  const said = `${title} ${shown(last)}, at most ${shown(most)} in the last ${formatDuration((to - began) * 1000)}`;
  return [
    styled(cutTo(said, columns), 'notice', isColoured),
    ...rows.map((line, at) => {
      const text = at === 0 ? scale[0] : at === height - 1 ? scale[1] : '';
      return `${styled(line, 'good', isColoured)} ${(text ?? '').padStart(scaleWidth)}`.trimEnd();
    }),
  ];
}
