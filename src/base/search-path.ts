/** Where commands are looked up without a PATH (execvp(3)). */
const DEFAULT_PATH = '/usr/local/bin:/bin:/usr/bin';

/**
 * The files to try for a command, in order: the word itself where it holds a slash, else the word in
 * each folder of PATH, an empty one of which is the current folder (environ(7)).
 */
export function searchPath(word: string, path: string | undefined): readonly [string, ...string[]] {
  if (word.includes('/')) return [word];
  const folders = (path ?? DEFAULT_PATH).split(':');
  const [first = '', ...rest] = folders.map((folder) => (folder === '' ? `./${word}` : `${folder}/${word}`));
  return [first, ...rest];
}
