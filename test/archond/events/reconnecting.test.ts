import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, statSync, watch, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { scaled } from '../../support/scale.ts';
import { Storm } from '../../support/storm.ts';
import { StreamClient } from '../../support/stream-client.ts';
import { ROOT, TestSupervisor } from '../../support/supervisor.ts';
import { sequenceIn } from '../../support/told.ts';

/** A hundred at ARCHON_TEST_SCALE=10. */
const KILLS = scaled(10, 5);
/** Each so many kills of the subscriber the supervisor's deciding part is killed too. */
const KILLS_A_DEATH = 5;

const hasPython = spawnSync('python3', ['--version']).status === 0;

/** A subscriber that keeps what it is told in a file, and goes on from there each time it is started. */
class Subscriber {
  readonly file: string;
  readonly #words: readonly string[];
  #child: ChildProcess | undefined;

  constructor(socket: string, file: string, journal: string) {
    this.file = file;
    this.#words = ['-B', path.join(ROOT, 'test/clients/python/follow_events.py'), socket, file, journal];
    writeFileSync(file, '');
  }

  start(): void {
    this.#child = spawn('python3', this.#words, { stdio: ['ignore', 'ignore', 'inherit'] });
  }

  /** Resolves when the file has grown by so many bytes, or the subscriber has ended. */
  async grown(bytes: number): Promise<void> {
    const wanted = this.#size() + bytes;
    const child = this.#child;
    await new Promise<void>((resolve) => {
      const look = (): void => {
        if (this.#size() < wanted && child?.exitCode === null && child.signalCode === null) return;
        watcher.close();
        child?.off('exit', look);
        resolve();
      };
      const watcher = watch(this.file, look);
      child?.on('exit', look);
      look();
    });
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (child?.exitCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  #size(): number {
    return statSync(this.file).size;
  }
}

async function positionOf(supervisor: TestSupervisor): Promise<readonly [journal: string, sequence: number]> {
  using client = await StreamClient.connect(supervisor.socket, 'Subscribe');
  const ok = await client.untilLine(/^Ok,/);
  const [journal = '', sequence = ''] = ok.slice(3).split(':');
  return [journal, Number(sequence)];
}

/** The lines of a file, each whole. */
function linesOf(file: string): string[] {
  const text = readFileSync(file, 'latin1');
  expect(text.endsWith('\n')).toBe(true);
  return text.split('\n').slice(0, -1);
}

describe.skipIf(!hasPython)('a subscriber that goes on from the last event it has (needs python3)', () => {
  const title = `has every number exactly once after ${KILLS} SIGKILLs of its own and ${KILLS / KILLS_A_DEATH} of the supervisor, in a storm`;
  it(title, { timeout: 600_000 }, async () => {
    await using supervisor = await TestSupervisor.start();
    mkdirSync(path.join(supervisor.folder, 'out'));
    const [journal] = await positionOf(supervisor);
    const subscriber = new Subscriber(supervisor.socket, path.join(supervisor.folder, 'out/events'), journal);
    await supervisor.ask('StartDaemon,"sh -c \'exit 3\'",@restart=always,@label=restless');
    using storm = new Storm(supervisor.socket, 3);
    for (let kills = 1; kills <= KILLS; kills += 1) {
      await storm.blow();
      subscriber.start();
      await subscriber.grown(1 + Math.floor(Math.random() * 40_000));
      if (kills % KILLS_A_DEATH === 0) await supervisor.killDeciding();
      await subscriber.kill();
    }
    await storm.calm();
    await supervisor.ask('Stop,restless');
    const [sameJournal, last] = await positionOf(supervisor);
    expect(sameJournal).toBe(journal);

    subscriber.start();
    while (sequenceIn(linesOf(subscriber.file).at(-1) ?? '') < last) await subscriber.grown(1);
    await subscriber.kill();
    const lines = linesOf(subscriber.file);
    const gaps = lines.filter((line, index) => sequenceIn(line) !== index + 1);
    expect(gaps).toEqual([]);
    expect(lines.length).toBe(last);
    /* What it was told is what is remembered, byte for byte. */
    expect(await supervisor.ask('Events')).toEqual([...lines, `Ok,${last}`]);
    console.info(`${last} events, ${KILLS} kills of the subscriber`);
  });
});
