import { closeSync, existsSync, readFileSync } from 'node:fs';
import { realOutput } from '../../src/sys/real/output.ts';
import type { Copying, Keeping, SysError } from '../../src/sys/sys.ts';
import { value } from './support.ts';

/** The user that the tests run as. */
export const UID = process.getuid?.() ?? 0;

/** A pipe on its way to a file, closed at the end of the test. */
export class Way implements Disposable {
  readonly write: number;
  readonly path: string;
  readonly copying: Copying;
  readonly errors: SysError[] = [];

  constructor(path: string, mode = 0o600, keeping: Keeping = {}) {
    const { read, write } = value(realOutput.pipe(UID));
    this.write = write;
    this.path = path;
    this.copying = realOutput.copy(read, path, mode, (error) => this.errors.push(error), keeping);
  }

  get text(): string {
    return existsSync(this.path) ? readFileSync(this.path, 'latin1') : '';
  }

  [Symbol.dispose](): void {
    this.copying.close();
    closeSync(this.write);
  }
}
