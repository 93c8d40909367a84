import { readFileSync, statSync, writeFileSync, rmSync, renameSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Journal } from '../../src/journal/journal.ts';
import type { NewEvent } from '../../src/journal/payload.ts';
import { bundleWriter, realParts, RealWorld, Writer } from './real-world.ts';
import { event as eventAt, readAll } from './rig.ts';

/** An event of now. */
function event(label: string, text = ''): NewEvent {
  return eventAt(label, { timeNs: realParts.clock.realtimeNs(), details: [['text', text]] });
}

/** As if the time to look again had come. */
function look(journal: Journal): void {
  journal.retry(journal.retry(0));
}

/** The numbers of all events, `gap` where some are missing. */
function numbers(journal: Journal): (number | 'gap')[] {
  return readAll(journal.events({})).map((one) => (one === 'gap' ? one : one.sequence));
}

function upTo(last: number): number[] {
  return Array.from({ length: last }, (_, at) => at + 1);
}

async function close(journal: Journal): Promise<boolean> {
  return new Promise((resolve) => {
    journal.close((result) => resolve(result.ok));
  });
}

async function sync(journal: Journal): Promise<string> {
  return new Promise((resolve) => {
    journal.sync((result) => resolve(result.ok ? 'ok' : result.error.code));
  });
}

describe('on a real disk', () => {
  let world: RealWorld;
  let program: string;

  beforeAll(() => {
    world = new RealWorld();
    program = bundleWriter(world.folder);
  });

  afterAll(() => {
    expect(world.leaks()).toEqual([]);
    world[Symbol.dispose]();
  });

  test('what was flushed is there for the next, in files that only their owner may read', async () => {
    using own = new RealWorld();
    const { journal, found } = own.open();
    expect(found).toMatchObject({ idChange: 'new', lastSequence: 0 });
    for (let number = 0; number < 10; number += 1) journal.append(event('web'));
    journal.remember('enabled', 'wéb', { up: true, text: 'two\nlines' });
    expect(await sync(journal)).toBe('ok');
    expect(await close(journal)).toBe(true);
    const next = own.open({}, 'another boot');
    expect(next.found).toMatchObject({ idChange: undefined, lastSequence: 10, wasClosed: true });
    expect(next.found.remembered).toEqual([
      { kind: 'enabled', key: 'wéb', value: { up: true, text: 'two\nlines' } },
    ]);
    expect(numbers(next.journal)).toEqual(upTo(10));
    const segment = path.join(own.folder, 'state/0000000001.journal');
    expect([statSync(segment).mode & 0o777, statSync(path.dirname(segment)).mode & 0o777]).toEqual([
      0o600, 0o700,
    ]);
    expect(await close(next.journal)).toBe(true);
    expect(own.leaks()).toEqual([]);
  });

  test('archond may be killed at any instant, again and again: no number is missing, none is used twice', async () => {
    let told = 0;
    let id = '';
    for (let life = 1; life <= 15; life += 1) {
      const writer = new Writer(program, world.folder);
      const [word, last, journalId, change] = (await writer.line())?.split(' ') ?? [];
      expect([word, change]).toEqual(['open', life === 1 ? 'new' : 'same']);
      expect(Number(last)).toBeGreaterThanOrEqual(told);
      if (life > 1) expect(journalId).toBe(id);
      id = journalId ?? '';
      for (let lines = life * 7; lines > 0; lines -= 1) told = Number(await writer.line());
      told = Number((await writer.kill()).at(-1) ?? told);
    }
    const { journal, found } = world.open();
    expect(found).toMatchObject({ idChange: undefined, journalId: id, setAside: [] });
    expect(found.lastSequence).toBeGreaterThanOrEqual(told);
    expect(numbers(journal)).toEqual(upTo(found.lastSequence));
    const [value] = found.remembered;
    expect(value).toMatchObject({ kind: 'unit', key: 'web' });
    expect((value?.value as { sequence: number }).sequence).toBeGreaterThanOrEqual(told);
    expect(await close(journal)).toBe(true);
  });

  test('a file that may not grow any more is left for another, and a kill costs only what was in memory', async () => {
    using own = new RealWorld();
    const writer = new Writer(program, own.folder, 64);
    expect(await writer.line()).toMatch(/^open 0 /);
    let line = await writer.line();
    while (line !== undefined && !line.startsWith('degraded')) line = await writer.line();
    expect(line).toBe('degraded EFBIG');
    let inFiles = 0;
    for (let lines = 0; lines < 100; lines += 1) inFiles = Number(await writer.line());
    await writer.kill();
    const { journal, found } = own.open();
    expect(journal.health).toEqual({ kind: 'well' });
    expect(found.idChange).toBe('unwitnessed');
    expect(numbers(journal)).toEqual(upTo(found.lastSequence));
    expect(found.lastSequence).toBeGreaterThanOrEqual(inFiles);
    expect(inFiles).toBeGreaterThan(500);
    expect(await close(journal)).toBe(true);
  });

  test('a disk that is full is left, and caught up with when there is room', async (context) => {
    using own = new RealWorld();
    if (!own.mount('state', 262_144)) context.skip('file systems cannot be mounted here');
    const ballast = path.join(own.folder, 'state', 'ballast');
    writeFileSync(ballast, Buffer.alloc(180_000));
    const { journal } = own.open();
    for (let number = 0; number < 2000; number += 1) {
      journal.append(event('web', 'x'.repeat(50)));
      journal.flush();
    }
    expect(own.reports).toMatchObject([{ kind: 'degraded', error: { code: 'ENOSPC' }, place: 'runtime' }]);
    expect(await sync(journal)).toBe('ENOSPC');
    expect(numbers(journal)).toEqual(upTo(2000));
    look(journal);
    expect(journal.health.kind).toBe('degraded');
    rmSync(ballast);
    look(journal);
    expect(own.reports.map(({ kind }) => kind)).toEqual(['degraded', 'recovered']);
    expect(await sync(journal)).toBe('ok');
    expect(numbers(journal)).toEqual(upTo(2000));
    expect(await close(journal)).toBe(true);
    expect(own.leaks()).toEqual([]);
  });

  test('a folder that is moved away is noticed, and the journal goes on in a new one', async () => {
    using own = new RealWorld();
    const { journal } = own.open();
    journal.append(event('one'));
    journal.remember('unit', 'web', 1);
    journal.flush();
    renameSync(path.join(own.folder, 'state'), path.join(own.folder, 'elsewhere'));
    mkdirSync(path.join(own.folder, 'state'), { mode: 0o700 });
    journal.append(event('two'));
    look(journal);
    expect(own.reports).toMatchObject([{ kind: 'degraded', error: { code: 'ENOENT' } }]);
    journal.append(event('three'));
    journal.flush();
    look(journal);
    expect(journal.health.kind).toBe('well');
    expect(await close(journal)).toBe(true);
    const next = own.open();
    expect(next.found).toMatchObject({ idChange: undefined, lastSequence: 3 });
    expect(next.found.remembered).toEqual([{ kind: 'unit', key: 'web', value: 1 }]);
    expect(await close(next.journal)).toBe(true);
    expect(readFileSync(path.join(own.folder, 'elsewhere/0000000001.journal'), 'latin1')).toContain('"two"');
    expect(own.leaks()).toEqual([]);
  });
});
