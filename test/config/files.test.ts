import { describe, expect, it } from 'vitest';
import { complaintsAbout, linesAbout, load } from './rig.ts';

const unit = (label: string, keys = ''): string => `units:\n  ${label}:\n    command: "true"\n${keys}`;
const labels = async (...about: Parameters<typeof load>) =>
  (await load(...about)).units.map(({ label }) => label);

describe('the files of a configuration', () => {
  it('are those of a folder in name order, but hidden ones and others than *.yaml', async () => {
    const files = {
      '/c/b.yaml': unit('b'),
      '/c/a.yaml': unit('a'),
      '/c/B.yaml': unit('B'),
      '/c/.x.yaml': 'wrong',
      '/c/d.yml': 'wrong',
    };
    expect(await labels(files, ['/c'])).toEqual(['B', 'a', 'b']);
  });

  it('include others, relative to themselves, by name, pattern and folder, each once', async () => {
    const files = {
      '/c/main.yaml': `include: [sub/one.yaml, "sub/*.yaml", sub, "*.yaml"]\n${unit('main')}`,
      '/c/sub/two.yaml': unit('two'),
      '/c/sub/one.yaml': `include: ../other/three.yaml\n${unit('one')}`,
      '/c/other/three.yaml': unit('three'),
    };
    expect(await labels(files)).toEqual(['main', 'one', 'three', 'two']);
    expect((await load(files)).files).toEqual([
      '/c/main.yaml',
      '/c/sub/one.yaml',
      '/c/other/three.yaml',
      '/c/sub/two.yaml',
    ]);
  });

  it('hand their parameters to what they include, and keep their defaults', async () => {
    const { units } = await load({
      '/c/a.yaml': `params: {x: "1", y: "{x}2"}\ndefaults: {description: mine}\ninclude: b.yaml\n${unit('a')}`,
      '/c/b.yaml': `params: {x: "3"}\n${unit('b', '    cwd: "{x}/{y}"\n')}`,
    });
    expect(units.map(({ description, surroundings }) => [description, surroundings.cwd])).toEqual([
      ['mine', '/'],
      [undefined, '/c/3/12'],
    ]);
  });

  it('are complained about all together, and do not hide what is wrong in each other', async () => {
    const files = {
      '/etc/archon/a.yaml': `include: [b.yaml, absent.yaml]\n${unit('a', '    nice: x\n    needs: [unknown]\n')}`,
      '/etc/archon/b.yaml': unit('b', '    umask: x\n'),
    };
    expect(await linesAbout(files)).toEqual([
      'a.yaml:1:19: include: cannot read absent.yaml: ENOENT (No such file or directory)',
      "a.yaml:5:11: units.a.nice: expected a whole number from -20 to 19, found 'x'",
      "b.yaml:4:12: units.b.umask: expected an octal number from 0 to 777, found 'x'",
    ]);
  });

  it('include each other in a circle only to be complained about', async () => {
    const files = { '/c/a.yaml': 'include: b.yaml\n', '/c/b.yaml': 'include: a.yaml\n' };
    expect(await complaintsAbout(files)).toMatchObject([
      { kind: 'include-cycle', message: '/c/a.yaml includes /c/b.yaml includes /c/a.yaml' },
    ]);
  });

  it('say where bytes are no UTF-8', async () => {
    const bytes = new Uint8Array([...new TextEncoder().encode('version: 1\n# '), 0xff, 10]);
    expect(await complaintsAbout({ '/c/a.yaml': bytes })).toMatchObject([
      { kind: 'yaml', place: { file: '/c/a.yaml', line: 2, column: 1 } },
    ]);
  });

  it('that cannot be opened are named with what stands in the way', async () => {
    expect(await complaintsAbout({ '/c/a.yaml': { code: 'EACCES' } })).toMatchObject([
      { kind: 'unreadable', message: 'cannot read /c/a.yaml: EACCES (Permission denied)' },
    ]);
  });

  it('of nothing but brackets, or of aliases of aliases, end in a complaint and in nothing else', async () => {
    for (const text of ['['.repeat(20_000), '- '.repeat(20_000), '{a: '.repeat(20_000)]) {
      expect(await complaintsAbout(text)).toMatchObject([{ kind: 'limit' }]);
    }
    expect(await complaintsAbout('a: &a [*a]\n')).toMatchObject([
      { kind: 'unknown-key' },
      { kind: 'yaml', message: "the anchor 'a' would hold itself" },
    ]);
  });
});
