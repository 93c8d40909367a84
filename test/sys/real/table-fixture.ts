import { ENTRY, RECORD, STATE_NUMBERS, TABLE } from '../../../src/sys/keeper-layout.ts';
import { Words } from '../../../src/sys/real/words.ts';

const LABELS_AT = 4096 + TABLE.ENTRIES * ENTRY.BYTES;
const RING_AT = LABELS_AT + TABLE.ENTRIES * TABLE.LABEL_BYTES;
const FILE_BYTES = RING_AT + TABLE.RING * RECORD.BYTES;

/** A table as the keeper makes it, in memory of this process, and the keeper's pen for it. */
export class TableFixture {
  readonly memory: ArrayBuffer;
  readonly words: Words;

  /** With `shared`, in memory that a worker can write too. */
  constructor(shared?: SharedArrayBuffer) {
    // Atomics and views take both alike; a mapped table is an ArrayBuffer.
    this.memory = (shared ?? new ArrayBuffer(FILE_BYTES)) as ArrayBuffer;
    this.words = new Words(new Uint8Array(this.memory));
    this.words.bytes.set(Buffer.from(TABLE.MAGIC, 'latin1'), TABLE.magic);
    this.words.put32(TABLE.version, TABLE.VERSION);
    this.words.put32(TABLE.entryBytes, ENTRY.BYTES);
    this.words.put32(TABLE.entryCount, TABLE.ENTRIES);
    this.words.put32(TABLE.labelBytes, TABLE.LABEL_BYTES);
    this.words.put32(TABLE.ringCount, TABLE.RING);
    this.words.put32(TABLE.ringBytes, RECORD.BYTES);
    this.words.put64(TABLE.entriesOffset, 4096);
    this.words.put64(TABLE.labelsOffset, LABELS_AT);
    this.words.put64(TABLE.ringOffset, RING_AT);
    this.words.put64(TABLE.fileBytes, FILE_BYTES);
    this.words.put64(TABLE.ringNext, 1);
  }

  static readonly FILE_BYTES = FILE_BYTES;

  /** Where an entry begins. */
  static at(index: number): number {
    return 4096 + index * ENTRY.BYTES;
  }

  label(index: number, text: string): void {
    this.words.bytes.set(Buffer.from(`${text}\0`, 'latin1'), LABELS_AT + index * TABLE.LABEL_BYTES);
  }

  publish(index: number, generation: number, state: keyof typeof STATE_NUMBERS): void {
    const word = (BigInt(generation) << 8n) | BigInt(STATE_NUMBERS[state]);
    this.words.putBig(TableFixture.at(index) + ENTRY.stateWord, word);
    const used = Math.max(this.words.u32(TABLE.entriesUsed), index + 1);
    this.words.put32(TABLE.entriesUsed, used);
  }

  /** The end of an orphan, as the next of the ring. */
  orphan(pid: number, exitKind: number, exitStatus: number, endedNs = 0): void {
    const sequence = this.words.u64(TABLE.ringNext);
    const at = RING_AT + (sequence % TABLE.RING) * RECORD.BYTES;
    this.words.put32(at + RECORD.pid, pid);
    this.words.put32(at + RECORD.exitKind, exitKind);
    this.words.put32(at + RECORD.exitStatus, exitStatus);
    this.words.put64(at + RECORD.endedNs, endedNs);
    this.words.put64(at + RECORD.sequence, sequence);
    this.words.put64(TABLE.ringNext, sequence + 1);
  }
}
