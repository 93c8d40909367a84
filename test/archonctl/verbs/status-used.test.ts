import { describe, expect, it } from 'vitest';
import { against } from '../against.ts';
import type { Script } from '../pretended.ts';

describe('archonctl status', () => {
  it('tells what a unit uses beside the most that it was, and what the last process had used in its life', async () => {
    const using: Script = ([verb]) =>
      verb === 'Log'
        ? ['Ok,0']
        : [
            ...['Field,state,running', 'Field,cpu,12.5', 'Field,cpu-peak,99.0', 'Field,memory,1572864'],
            ...['Field,memory-peak,3145728', 'Field,processes,2', 'Field,threads,7', 'Field,descriptors,40'],
            ...[
              'Field,read,0',
              'Field,written,8192',
              'Field,exit-utime,0.250000',
              'Field,exit-stime,0.010000',
            ],
            ...['Field,exit-maxrss,2097152', 'Ok'],
          ];
    expect((await against(using, ['status', 'web'])).stdout).toBe(
      'web\n  state        running\n  cpu          12.5% (peak 99.0%)\n  memory       1.5M (peak 3M)\n' +
        '  processes    2 (threads 7)\n  descriptors  40\n  read         0\n  written      8K\n' +
        '  exit-used    250ms user, 10ms system, 2M memory at most\n',
    );
    expect(JSON.parse((await against(using, ['status', 'web', '--json'])).stdout)).toEqual({
      units: [
        {
          state: 'running',
          cpu: 12.5,
          'cpu-peak': 99,
          memory: 1_572_864,
          'memory-peak': 3_145_728,
          processes: 2,
          threads: 7,
          descriptors: 40,
          read: 0,
          written: 8192,
          'exit-utime': 0.25,
          'exit-stime': 0.01,
          'exit-maxrss': 2_097_152,
        },
      ],
    });
  });
});
