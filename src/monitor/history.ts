import type { Sample } from './usage.ts';

/** Numbers of a row; what each is stands in `write` and `read`. */
const WORDS = 8;

/** Where there is nothing yet, or nothing more, room is made for so many rows. */
const FIRST_ROWS = 8;

const HIGHEST = 0xffff_ffff;
/** Bytes of storage have 48 bits: 256 TiB. The highest numbers stand for unknown. */
const HIGHEST_BYTES = 2 ** 48 - 2 ** 32 - 1;
const UNKNOWN_HIGH = 0xffff;

/**
 * What a unit used in the past: the newest samples, in 32 bytes each. It takes memory as it gets samples; when it
 * is full, the oldest goes.
 */
export class History {
  #rows = new Uint32Array(0);
  /** The row of the oldest sample. */
  #first = 0;
  #count = 0;

  /** How many samples there are. */
  get count(): number {
    return this.#count;
  }

  /**
   * Adds the newest sample. `most` samples are kept, 2 at least: where that is fewer than there are, since many units
   * share the room now, every other one goes, so that those that stay reach as far back.
   */
  add(sample: Sample, most: number): void {
    while (this.#count > most) this.#thin();
    const rooms = this.#rows.length / WORDS;
    if (rooms > most) this.#move(most);
    else if (this.#count === rooms && rooms < most)
      this.#move(Math.min(most, Math.max(FIRST_ROWS, rooms * 2)));
    const all = this.#rows.length / WORDS;
    if (this.#count === all) {
      this.#first = (this.#first + 1) % all;
      this.#count -= 1;
    }
    this.#count += 1;
    this.#write(this.#at(this.#count - 1), sample);
  }

  /** The samples since then (whole seconds since 1970), oldest first. */
  since(atS: number): readonly Sample[] {
    const samples: Sample[] = [];
    for (let index = 0; index < this.#count; index += 1) {
      const at = this.#at(index);
      if ((this.#rows[at] ?? 0) >= atS) samples.push(this.#read(at));
    }
    return samples;
  }

  /** Where the row of the n-th oldest sample begins. */
  #at(index: number): number {
    return ((this.#first + index) % (this.#rows.length / WORDS)) * WORDS;
  }

  /** Of each two samples the later one stays, with the share of the processor of both. */
  #thin(): void {
    const kept: Sample[] = [];
    for (let index = this.#count % 2; index + 1 < this.#count; index += 2) {
      const [one, other] = [this.#read(this.#at(index)), this.#read(this.#at(index + 1))];
      kept.push({ ...other, cpuPercent: (one.cpuPercent + other.cpuPercent) / 2 });
    }
    this.#first = 0;
    this.#count = kept.length;
    for (const [index, sample] of kept.entries()) this.#write(index * WORDS, sample);
  }

  /** The samples into another room, which has space for all of them. */
  #move(rooms: number): void {
    const rows = new Uint32Array(rooms * WORDS);
    for (let index = 0; index < this.#count; index += 1) {
      const at = this.#at(index);
      rows.set(this.#rows.subarray(at, at + WORDS), index * WORDS);
    }
    this.#rows = rows;
    this.#first = 0;
  }

  #write(at: number, sample: Sample): void {
    const rows = this.#rows;
    const read = wordsOf(sample.readBytes);
    const written = wordsOf(sample.writtenBytes);
    rows[at] = sample.atS;
    rows[at + 1] = Math.min(HIGHEST, Math.round(sample.cpuPercent * 10));
    rows[at + 2] = Math.min(HIGHEST, Math.round(sample.memoryBytes / 1024));
    rows[at + 3] = sample.descriptors ?? HIGHEST;
    rows[at + 4] = sample.threads;
    rows[at + 5] = read.low;
    rows[at + 6] = written.low;
    rows[at + 7] = ((read.high << 16) | written.high) >>> 0;
  }

  #read(at: number): Sample {
    const word = (index: number): number => this.#rows[at + index] ?? 0;
    return {
      atS: word(0),
      cpuPercent: word(1) / 10,
      memoryBytes: word(2) * 1024,
      descriptors: word(3) === HIGHEST ? undefined : word(3),
      threads: word(4),
      readBytes: bytesOf(word(5), word(7) >>> 16),
      writtenBytes: bytesOf(word(6), word(7) & 0xffff),
    };
  }
}

function wordsOf(bytes: number | undefined): { readonly low: number; readonly high: number } {
  if (bytes === undefined) return { low: 0, high: UNKNOWN_HIGH };
  const told = Math.min(bytes, HIGHEST_BYTES);
  return { low: told % 2 ** 32, high: Math.floor(told / 2 ** 32) };
}

function bytesOf(low: number, high: number): number | undefined {
  return high === UNKNOWN_HIGH ? undefined : high * 2 ** 32 + low;
}
