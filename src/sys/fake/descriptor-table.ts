import type { Descriptor } from '../sys.ts';
import { Misuse } from './misuse.ts';
import type { OpenFile } from './open-file.ts';

interface Slot {
  readonly file: OpenFile;
  readonly origin: string;
  user: string | undefined;
}

/** 0 to 2 and what a real process opens for itself stay below. */
const FIRST = 100;

/**
 * The descriptors of one life of archond. Unlike the kernel's, a number is never used again: a second
 * close, or a use after it, is seen at once instead of hitting whatever got that number next.
 */
export class DescriptorTable {
  readonly #slots = new Map<Descriptor, Slot>();
  #next: Descriptor = FIRST;

  /** How many are open. */
  get size(): number {
    return this.#slots.size;
  }

  /** Opens a descriptor for the file, which belongs to the table from now on. `origin` names it in a leak report. */
  add(file: OpenFile, origin: string): Descriptor {
    const descriptor = this.#next++;
    this.#slots.set(descriptor, { file, origin, user: undefined });
    return descriptor;
  }

  /** Whether one of them refers to this file. */
  holds(file: OpenFile): boolean {
    return [...this.#slots.values()].some((slot) => slot.file === file);
  }

  /** The open file behind a descriptor; `undefined` for a number that never was one. */
  find(descriptor: Descriptor, call: string): OpenFile | undefined {
    const slot = this.#slots.get(descriptor);
    if (slot === undefined && descriptor >= FIRST && descriptor < this.#next) {
      throw new Misuse(`${call} uses descriptor ${String(descriptor)} after its close`);
    }
    return slot?.file;
  }

  /** The open file behind a descriptor, which has to be one. */
  get(descriptor: Descriptor, call: string): OpenFile {
    const file = this.find(descriptor, call);
    if (file === undefined) throw new Misuse(`${call} uses ${String(descriptor)}, which is no descriptor`);
    return file;
  }

  /** Says that `user` works with the descriptor: until `leave` nobody else may, and it may not be closed. */
  occupy(descriptor: Descriptor, user: string): OpenFile {
    const file = this.get(descriptor, user);
    const slot = this.#slots.get(descriptor);
    if (slot?.user !== undefined)
      throw new Misuse(`${user} of descriptor ${String(descriptor)}, which ${slot.user} has`);
    if (slot !== undefined) slot.user = user;
    return file;
  }

  leave(descriptor: Descriptor): void {
    const slot = this.#slots.get(descriptor);
    if (slot !== undefined) slot.user = undefined;
  }

  close(descriptor: Descriptor): void {
    const file = this.get(descriptor, 'close');
    const user = this.#slots.get(descriptor)?.user;
    if (user !== undefined)
      throw new Misuse(`descriptor ${String(descriptor)} is closed while ${user} has it`);
    this.#slots.delete(descriptor);
    file.release();
  }

  /** What the kernel does when the process ends. */
  closeAll(): void {
    const slots = [...this.#slots.values()];
    this.#slots.clear();
    for (const slot of slots) slot.file.release();
  }

  /** Those that are open, as `NUMBER KIND ORIGIN`, for leak reports. */
  list(): readonly string[] {
    return [...this.#slots].map(
      ([descriptor, slot]) => `${String(descriptor)} ${slot.file.kind} ${slot.origin}`,
    );
  }
}
