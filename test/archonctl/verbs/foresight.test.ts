import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { against } from '../against.ts';
import { byVerb } from '../pretended.ts';

const UTC = { env: { TZ: 'UTC' } };

async function drawn(script: Parameters<typeof against>[0], words: readonly string[]): Promise<string> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'archon-svg-'));
  try {
    const file = path.join(folder, 'out.svg');
    expect(await against(script, [...words, '--svg', file])).toMatchObject({
      code: 0,
      stdout: '',
      stderr: '',
    });
    return readFileSync(file, 'utf8');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('plan', () => {
  const script = byVerb({
    Plan: ['Step,1,web,stop,,0.25,1', 'Step,2,db,stop,1,1.5,1', 'Step,3,cache,stop,1,,0', 'Ok,3'],
  });

  it('prints the steps, what else stops, and how long it takes', async () => {
    const { code, stdout, requests } = await against(script, ['plan', 'stop', 'db', 'cache']);
    expect(code).toBe(0);
    expect(requests).toEqual([['Plan', 'stop', 'db', 'cache']]);
    expect(stdout).toBe(
      'STEP  ACTION  UNIT   AFTER  TAKES  BEGINS  CRITICAL\n' +
        '   1  stop    web           250ms    +0ms  *\n' +
        '   2  stop    db     web     1.5s  +250ms  *\n' +
        '   3  stop    cache  web        ?  +250ms\n\n' +
        'If this stops, web stops too: that takes --force.\n' +
        '3 steps, at least 1.7s in all. Nothing was done.\n',
    );
  });

  it('prints JSON, and a picture', async () => {
    const { stdout } = await against(script, ['plan', 'stop', 'db', '--json']);
    expect(JSON.parse(stdout)).toEqual({
      action: 'stop',
      expectedSeconds: 1.75,
      steps: [
        { number: 1, label: 'web', action: 'stop', after: [], expectedSeconds: 0.25, critical: true },
        { number: 2, label: 'db', action: 'stop', after: [1], expectedSeconds: 1.5, critical: true },
        { number: 3, label: 'cache', action: 'stop', after: [1], expectedSeconds: null, critical: false },
      ],
    });
    expect(await drawn(script, ['plan', 'stop', 'db'])).toMatch(/^<svg .*<\/svg>\n$/s);
  });

  it('says where nothing would be done, and what is wrong', async () => {
    expect((await against(byVerb({ Plan: ['Ok,0'] }), ['plan', 'start', 'web'])).stdout).toBe(
      'nothing would be done: what is to start has started\n',
    );
    expect(await against(script, ['plan', 'restart', 'web'])).toMatchObject({
      code: 2,
      stderr: 'archonctl: write archonctl plan start or stop LABEL...\n',
      requests: [],
    });
    expect((await against(script, ['plan', 'stop', 'db', '--svg', '/nosuch/out.svg'])).stderr).toMatch(
      /^archonctl: cannot write \/nosuch\/out\.svg: ENOENT/,
    );
  });
});

describe('boot', () => {
  const script = byVerb({
    Boot: ['Span,web,1000,1001.5,1001.75,1', 'Span,db,1000,1000,1001.5,1', 'Span,late,1000,,,0', 'Ok,3'],
  });

  it('prints a line for each unit, and what held up the last one', async () => {
    const { stdout } = await against(script, ['boot'], UTC);
    expect(stdout).toBe(
      'UNIT  BEGAN  WAITED   TOOK  READY  CRITICAL\n' +
        'db     +0ms     0ms   1.5s  +1.5s  *\n' +
        'web    +0ms    1.5s  250ms  +1.7s  *\n' +
        'late   +0ms       -      -      -\n\n' +
        '3 units in 1.7s, started at 1970-01-01 00:16:40. What held up the last one: db (1.5s), then web (250ms).\n',
    );
  });

  it('prints JSON, CSV and a picture', async () => {
    expect(JSON.parse((await against(script, ['boot', '--json'])).stdout)).toMatchObject({
      began: 1000,
      seconds: 1.75,
      spans: [
        { label: 'db' },
        { label: 'web', start: 1000, up: 1001.5, ready: 1001.75, critical: true },
        { up: null },
      ],
    });
    expect((await against(script, ['boot', '--csv'])).stdout).toBe(
      'label,start,up,ready,critical\ndb,1000,1000,1001.5,1\nweb,1000,1001.5,1001.75,1\nlate,1000,,,0\n',
    );
    expect(await drawn(script, ['boot'])).toMatch(/^<svg .*web.*<\/svg>\n$/s);
  });
});

describe('dump graph', () => {
  it('is drawn', async () => {
    const script = byVerb({
      Dump: ['Line,db service running', 'Line,web service failed', 'Line,web needs db', 'Ok'],
    });
    expect(await drawn(script, ['dump', 'graph'])).toMatch(/^<svg .*web: service, failed.*<\/svg>\n$/s);
    expect((await against(script, ['dump', 'config', '--svg', 'x'])).code).toBe(2);
  });
});
