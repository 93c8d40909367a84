/** What a unit uses, its whole tree; undefined is what the kernel does not let archond see. */
export interface Usage {
  /** When it was read; nanoseconds since 1970. */
  readonly atNs: bigint;
  /** Of one processor, in percent: since it was read before, at least a second ago, else since its process began. */
  readonly cpuPercent: number;
  /** Resident memory. */
  readonly memoryBytes: number;
  readonly processes: number;
  readonly threads: number;
  /** That are open. */
  readonly descriptors: number | undefined;
  /** What storage was read and written since its processes began. */
  readonly readBytes: number | undefined;
  readonly writtenBytes: number | undefined;
  /** The most that was read since its process began; of the processor over a second at least. */
  readonly cpuPeakPercent: number;
  readonly memoryPeakBytes: number;
  /** When its process began; nanoseconds since 1970, the same at each asking. */
  readonly upSinceNs: bigint;
}

/** What a unit used at an instant of the past, as its history keeps it. */
export interface Sample extends Pick<
  Usage,
  'memoryBytes' | 'threads' | 'descriptors' | 'readBytes' | 'writtenBytes'
> {
  /** Whole seconds since 1970. */
  readonly atS: number;
  /** Of one processor, in percent: since the sample before. */
  readonly cpuPercent: number;
}
