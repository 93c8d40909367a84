import { describeErrno } from '../../base/errno.ts';
import { saveFile } from '../../sys/dialer.ts';
import type { Screen } from '../print/screen.ts';

/** Writes a picture into a file, which is replaced; returns whether that could be done, and complains where not. */
export function savePicture(screen: Screen, path: string, svg: string): boolean {
  const saved = saveFile(path, Buffer.from(svg));
  if (!saved.ok) screen.complain(`cannot write ${path}: ${describeErrno(saved.error.code)}`);
  return saved.ok;
}
