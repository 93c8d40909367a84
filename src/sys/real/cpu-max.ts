const PERIOD_US = 100_000;
/** For shares that would be less than the least quota of the usual period. */
const LONG_PERIOD_US = 1_000_000;
const LEAST_QUOTA_US = 1000;

/** `cpu.max` for a share of one processor (sched-bwc.rst: a quota is 1 ms at least, a period 1 s at most). */
export function cpuMaxOf(percent: number): { readonly quotaUs: number; readonly periodUs: number } {
  const usual = quota(percent, PERIOD_US);
  if (usual >= LEAST_QUOTA_US) return { quotaUs: usual, periodUs: PERIOD_US };
  return { quotaUs: Math.max(LEAST_QUOTA_US, quota(percent, LONG_PERIOD_US)), periodUs: LONG_PERIOD_US };
}

function quota(percent: number, periodUs: number): number {
  return Math.round((percent / 100) * periodUs);
}

/** The share by the text of `cpu.max`; undefined where there is no limit. */
export function percentOf(text: string): number | undefined {
  const [, quotaUs, periodUs] = /^(\d+) (\d+)/.exec(text) ?? [];
  return quotaUs === undefined ? undefined : (Number(quotaUs) / Number(periodUs)) * 100;
}
