import type { Result } from '../base/result.ts';
import { err } from '../base/result.ts';
import type { Sys, SysError } from '../sys/sys.ts';

/**
 * Gives a file this content, with this mode where it is made: whoever reads it finds the one before or this one, whenever
 * archond dies. What could not be written whole stays beside it, as `PATH.new`.
 */
export function writeWhole(
  { files }: Pick<Sys, 'files'>,
  path: string,
  mode: number,
  content: string,
): Result<undefined, SysError> {
  const beside = `${path}.new`;
  const opened = files.openToAppend(beside, mode);
  if (!opened.ok) return opened;
  const file = opened.value;
  const emptied = file.truncate(0);
  const written = emptied.ok ? file.write(Buffer.from(content)) : undefined;
  file.close();
  if (!emptied.ok) return emptied;
  if (written?.error !== undefined) return err(written.error);
  return files.rename(beside, path);
}
