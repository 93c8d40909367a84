import type { Result } from '../../base/result.ts';
import { err, ok } from '../../base/result.ts';
import type { Cancel, Descriptor, Descriptors, SysError } from '../sys.ts';
import { sysError } from './errno.ts';
import { type OpenFile, PlainFile } from './open-file.ts';
import { PipeEnd } from './pipe.ts';
import type { View } from './view.ts';

/** What one `readNow` takes. */
const READ_BYTES = 65_536;

/** `Sys.descriptors`. */
export class FakeDescriptors implements Descriptors {
  readonly #view: View;

  constructor(view: View) {
    this.#view = view;
  }

  close(descriptor: Descriptor): void {
    this.#view.call('descriptors.close');
    this.#view.descriptors.close(descriptor);
  }

  duplicate(descriptor: Descriptor): Result<Descriptor, SysError> {
    this.#view.call('descriptors.duplicate');
    const file = this.#view.descriptors.find(descriptor, 'descriptors.duplicate');
    if (file === undefined) return err(sysError('EBADF', 'fcntl'));
    return this.#open('descriptors.duplicate', 'fcntl', () => file.hold());
  }

  kindOf(descriptor: Descriptor): Result<string, SysError> {
    this.#view.call('descriptors.kindOf');
    const file = this.#view.descriptors.find(descriptor, 'descriptors.kindOf');
    return file === undefined ? err(sysError('EBADF', 'fstat')) : ok(file.kind);
  }

  openNull(): Result<Descriptor, SysError> {
    this.#view.call('descriptors.openNull');
    return this.#open('descriptors.openNull', 'open', () => new PlainFile('character'));
  }

  whenReadable(descriptor: Descriptor, ready: () => void): Cancel {
    this.#view.call('descriptors.whenReadable');
    const file = this.#view.descriptors.occupy(descriptor, 'descriptors.whenReadable');
    let isOver = false;
    let isPosted = false;
    const look = (): void => {
      if (isOver || isPosted || !file.hasMore()) return;
      isPosted = true;
      this.#view.post(() => {
        isPosted = false;
        if (isOver || !file.hasMore()) return;
        ready();
        look();
      });
    };
    const unwatch = file.watch(look);
    const stop = (): void => {
      if (isOver) return;
      isOver = true;
      unwatch();
      forget();
      if (this.#view.alive) this.#view.descriptors.leave(descriptor);
    };
    const forget = this.#view.atDeath(stop);
    look();
    return stop;
  }

  readNow(descriptor: Descriptor): Result<Uint8Array, SysError> {
    this.#view.call('descriptors.readNow');
    const file = this.#view.descriptors.find(descriptor, 'descriptors.readNow');
    if (file === undefined) return err(sysError('EBADF', 'read'));
    const reading = file.read(READ_BYTES);
    if (reading === 'again') return err(sysError('EAGAIN', 'read'));
    return ok(reading === 'end' ? new Uint8Array(0) : reading);
  }

  peekNow(pipe: Descriptor): Result<Uint8Array, SysError> {
    this.#view.call('descriptors.peekNow');
    const end = this.#view.descriptors.find(pipe, 'descriptors.peekNow');
    if (end === undefined) return err(sysError('EBADF', 'tee'));
    if (!(end instanceof PipeEnd)) return err(sysError('EINVAL', 'tee'));
    const bytes = end.peek();
    return bytes.length === 0 ? err(sysError('EAGAIN', 'tee')) : ok(bytes.subarray(0, READ_BYTES));
  }

  holding(bytes: Uint8Array): Result<Descriptor, SysError> {
    this.#view.call('descriptors.holding');
    const { kernel } = this.#view;
    return this.#open('descriptors.holding', 'pipe2', () => {
      if (bytes.length > kernel.settings.pipeBytes) return new PlainFile('file', new Uint8Array(bytes));
      const ends = kernel.pipe(false);
      if (bytes.length > 0) ends.write.write(bytes);
      ends.write.release();
      return ends.read;
    });
  }

  #open(origin: string, call: string, make: () => OpenFile): Result<Descriptor, SysError> {
    const failed = this.#view.failure(call);
    if (failed !== undefined) return failed;
    return this.#view.open(origin, make());
  }
}
