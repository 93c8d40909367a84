import { afterEach, beforeEach, expect } from 'vitest';
import { Folder, openDescriptors } from './support.ts';

/** Gives each test of a file a folder of its own; none may leave a descriptor open. */
export function eachTestOwns(take: (folder: Folder) => void): void {
  let before: Map<number, string>;
  let folder: Folder;

  beforeEach(async () => {
    before = openDescriptors();
    folder = await Folder.make();
    take(folder);
  });

  afterEach(async () => {
    await folder[Symbol.asyncDispose]();
    expect([...openDescriptors()].filter(([number]) => !before.has(number))).toEqual([]);
  });
}
