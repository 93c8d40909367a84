import { execFileSync, spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'vitest';

/** A file system of a few megabytes, mounted in a folder of its own: can be full, or not be written to. */
export class SmallDisk implements Disposable {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** Whether one can be had here: it takes root, and leave to mount. */
  static readonly isPossible = canMount();

  static make(sizeBytes: number): SmallDisk {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'archon-disk-'));
    mount('-t', 'tmpfs', '-o', `size=${sizeBytes},mode=0700`, 'none', folder);
    return new SmallDisk(folder);
  }

  file(name: string): string {
    return path.join(this.folder, name);
  }

  /** Leaves no byte free, and none at the end of the last block of that file. */
  fill(file?: string): void {
    const { bfree, bsize } = statfsSync(this.folder);
    writeFileSync(this.file('ballast'), Buffer.alloc(bfree * bsize));
    if (file === undefined) return;
    appendFileSync(file, Buffer.alloc((bsize - (statSync(file).size % bsize)) % bsize, '\n'));
  }

  makeRoom(): void {
    rmSync(this.file('ballast'));
  }

  /**
   * Comes back once nobody has a file open for writing there: of a process that ends, threads may still have some
   * when its environment and its main thread are gone.
   */
  async makeReadOnly(): Promise<void> {
    await expect.poll(() => isMounted('-o', 'remount,ro', this.folder), { timeout: 10_000 }).toBe(true);
  }

  makeWritable(): void {
    mount('-o', 'remount,rw', this.folder);
  }

  [Symbol.dispose](): void {
    execFileSync('umount', ['--lazy', this.folder], { stdio: 'ignore' });
    rmSync(this.folder, { recursive: true });
  }
}

function mount(...args: readonly string[]): void {
  execFileSync('mount', args, { stdio: 'ignore' });
}

function isMounted(...args: readonly string[]): boolean {
  return spawnSync('mount', args, { stdio: 'ignore' }).status === 0;
}

function canMount(): boolean {
  try {
    execFileSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'none', '/mnt'], { stdio: 'ignore' });
    return process.getuid?.() === 0;
  } catch {
    return false;
  }
}
