import { describe, expect, it } from 'vitest';
import { candidatesFor, type Candidates } from '../../../src/archonctl/completion/candidates.ts';
import { findVerb, VERBS } from '../../../src/archonctl/verbs/table.ts';

const NAMES = Object.keys(VERBS);

async function at(...line: readonly string[]): Promise<Candidates> {
  return candidatesFor(line, {
    names: NAMES.map((name) => [name, '']),
    load: async (name) => findVerb(name)?.[1].load(),
  });
}

async function wordsAt(...line: readonly string[]): Promise<readonly string[]> {
  const found = await at(...line);
  return found.kind === 'words' ? found.words.map(([word]) => word) : [`:${found.kind}`];
}

describe('what could stand', () => {
  it('first is a verb, or an option of every verb', async () => {
    expect(await wordsAt('')).toEqual(NAMES);
    expect(await wordsAt('--json', 'st')).toEqual(NAMES);
    expect(await wordsAt('--socket', '/s', 'st')).toEqual(NAMES);
    expect(await wordsAt('-')).toContain('--json');
    expect(await wordsAt('--socket', '')).toEqual([':files']);
    expect(await wordsAt('help', '')).toEqual(NAMES);
  });

  it('behind a verb are labels that are not there yet, or what else it takes', async () => {
    for (const verb of ['start', 'stop', 'restart', 'kill', 'forget', 'is-running', 'wait', 'logs', 'status'])
      expect([verb, await at(verb, 'a', '')]).toEqual([verb, { kind: 'labels', without: ['a'] }]);
    for (const verb of ['list', 'ls', 'tree', 'events', 'subscribe'])
      expect([verb, await at(verb, '')]).toEqual([verb, { kind: 'labels', without: [] }]);
    expect(await wordsAt('list', 'a', '')).toEqual([]);
    expect(await wordsAt('check', '')).toEqual([':files']);
    expect(await wordsAt('dump', '')).toContain('config');
    expect(await wordsAt('completion', '')).toEqual(['bash', 'zsh', 'fish']);
    expect(await wordsAt('shutdown', '')).toEqual([]);
    expect(await wordsAt('nosuch', '')).toEqual([]);
  });

  it('behind a command that is to be run are files, whatever they look like', async () => {
    expect(await wordsAt('run', '')).toEqual([':command']);
    expect(await wordsAt('run', '-l', 'x', '--', '')).toEqual([':command']);
    expect(await wordsAt('run', 'ls', '')).toEqual([':files']);
    expect(await wordsAt('run', 'ls', '-')).toEqual([':files']);
    expect(await wordsAt('start-daemon', '')).toEqual([':command']);
  });

  it('of options are those of the verb, and the values that are known', async () => {
    expect(await wordsAt('logs', '-')).toEqual(
      expect.arrayContaining(['--follow', '--grep', '--json', '--help']),
    );
    expect(await wordsAt('logs', '--')).not.toContain('--signal');
    expect(await wordsAt('wait', '--for', '')).toContain('running');
    expect(await wordsAt('wait', '--for=r')).toContain('--for=running');
    expect(await wordsAt('kill', '-s', '')).toContain('TERM');
    expect(await wordsAt('events', '--kind', '')).toContain('exited');
    expect(await wordsAt('logs', '-n', '')).toEqual([]);
    expect(await wordsAt('logs', '-n', '5', '')).toEqual([':labels']);
    expect(await wordsAt('stop', '--', '-')).toEqual([':labels']);
  });
});
