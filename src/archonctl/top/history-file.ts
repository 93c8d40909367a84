import { consult, recordsOf, settle, type Answer } from '../consult.ts';
import { historyPicture, type Past } from '../draw/history.ts';
import { historyRowsPicture } from '../draw/history-rows.ts';
import { savePicture } from '../draw/save.ts';
import { samplesOf } from '../story/history.ts';
import { EXIT, type Invocation } from '../verb.ts';
import { questionsOf } from './feed.ts';
import { topRows } from './row.ts';

/** More lines than this in one panel nobody can tell apart. */
const MOST_LINES = 8;
/** More rows than this nobody reads. */
const MOST_ROWS = 60;
const HOUR_S = 3600;
const NS_A_SECOND = 1e9;

/** Draws what units have used in the last hour into a file; resolves with the exit code. */
export async function saveHistory(invocation: Invocation, file: string): Promise<number> {
  const { words, screen } = invocation;
  const first = await consult(
    invocation,
    questionsOf(words).map((fields) => ({ fields })),
    true,
  );
  if (!first.ok) return first.error;
  const code = settle(invocation, first.value.slice(0, 1));
  if (code !== EXIT.done) return code;
  const [list, usage] = first.value;
  const rows = topRows(recordsOf(list, 'Unit'), recordsOf(usage, 'Usage'));
  /* Where there are too many, those that use most are drawn. */
  const weight = rows.map((row) => ({ row, cpu: row.cpuPeak ?? 0, memory: row.memoryPeak ?? 0 }));
  weight.sort((one, other) => other.cpu - one.cpu || other.memory - one.memory);
  const drawn = rows.length <= MOST_ROWS ? rows : weight.slice(0, MOST_ROWS).map(({ row }) => row);
  const labels = drawn.map(({ label }) => label);
  const since = Math.floor(Date.now() / 1000) - HOUR_S;
  const answers = await consult(
    invocation,
    [
      ...labels.map((label) => ({ fields: ['History', label] }) as const),
      ...labels.map((label) => ({ fields: ['Events', label, '@kind=exited', `@since=${since}`] }) as const),
    ],
    true,
  );
  if (!answers.ok) return answers.error;
  const pasts = labels.flatMap((label, at): Past[] => {
    const samples = samplesOf(recordsOf(answers.value[at], 'Sample'));
    return samples.length === 0 ? [] : [{ label, samples, ends: endsOf(answers.value[labels.length + at]) }];
  });
  if (pasts.length === 0) {
    screen.complain(rows.length === 0 ? 'no unit matches' : 'nothing is known yet of what they have used');
    return EXIT.failed;
  }
  const svg =
    pasts.length <= MOST_LINES
      ? historyPicture(pasts)
      : historyRowsPicture(pasts, rows.length - drawn.length);
  return savePicture(screen, file, svg) ? EXIT.done : EXIT.failed;
}

/** When processes ended, Unix seconds; where events cannot be had the picture does without. */
function endsOf(answer: Answer | undefined): readonly number[] {
  return (answer?.data ?? []).flatMap((one) =>
    one.kind === 'event' ? [Number(one.event.timeNs) / NS_A_SECOND] : [],
  );
}
