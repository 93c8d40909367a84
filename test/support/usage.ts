import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** Memory that a process has in use, in bytes (proc(5), `VmRSS`). */
export function residentBytes(pid: number): number {
  const [, kib = '0'] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kib) * 1024;
}

/** The most descriptors that this process, and what it starts, may have open. */
export function descriptorLimit(): number {
  const limits = readFileSync('/proc/self/limits', 'utf8');
  const [, hard = '4096'] = /Max open files\s+\S+\s+(\d+)/.exec(limits) ?? [];
  return Number(hard);
}

/** What the descriptors of a process lead to (`socket:[1]`, `pipe:[2]`, `anon_inode:[pidfd]`, a path), as they are now. */
export function openDescriptors(pid: number): string[] {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).flatMap((number) => {
    try {
      return readlinkSync(`${folder}/${number}`);
    } catch {
      return [];
    }
  });
}
