import type { StoreFiles } from './store.ts';

const MODE = 0o600;
const MOST_BYTES = 512;

/**
 * A small file in the runtime folder that says: every number of this journal that was given out in this boot
 * is in the state folder. It is taken away *before* a record goes anywhere else, which works on a full disk
 * too, and laid down again when all is in its place. A successor in the same boot that does not find it
 * cannot know which numbers were given out, and takes another journal id.
 */
export class Witness {
  readonly #files: StoreFiles;
  readonly #path: string;
  readonly #text: (journalId: string) => string;

  constructor(files: StoreFiles, folder: string, bootId: string) {
    this.#files = files;
    this.#path = `${folder}/witness`;
    this.#text = (journalId) => `${journalId} ${bootId}\n`;
  }

  /** Is there one for this journal, of this boot? */
  speaksFor(journalId: string): boolean {
    const read = this.#files.read(this.#path, 0, MOST_BYTES);
    return read.ok && Buffer.from(read.value).toString('latin1') === this.#text(journalId);
  }

  /** Where that fails there is none, which costs the id at worst. */
  layDown(journalId: string): void {
    if (this.speaksFor(journalId)) return;
    this.#files.remove(this.#path);
    const made = this.#files.openToAppend(this.#path, MODE);
    if (!made.ok) return;
    const { error } = made.value.write(Buffer.from(this.#text(journalId), 'latin1'));
    made.value.close();
    if (error !== undefined) this.#files.remove(this.#path);
  }

  takeAway(): void {
    this.#files.remove(this.#path);
  }
}
