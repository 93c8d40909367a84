import type { Result } from '../../base/result.ts';
import { err, ok } from '../../base/result.ts';
import type { Descriptor, Descriptors, SysError } from '../sys.ts';
import { sysError } from './errno.ts';
import { type OpenFile, PlainFile } from './open-file.ts';
import type { View } from './view.ts';

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
