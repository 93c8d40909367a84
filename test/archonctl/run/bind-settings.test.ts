import { expect, test } from 'vitest';
import { bindSettings } from '../../../src/archonctl/run/bind-settings.ts';

const SHIM = '/shim.so';
const all = (): boolean => true;

test('a command finds its socket, and nothing else where there was nothing', () => {
  expect(bindSettings(['PATH=/bin'], 21, SHIM, all)).toEqual({
    settings: ['ARCHON_BIND=fd:21', 'LD_PRELOAD=/shim.so'],
    kept: [21],
  });
});

test('what was inherited and is still open is handed on, behind the new one and before where it can be asked', () => {
  const environment = ['ARCHON_BIND=fd:5,fd:6,fd:21,/run/archon/bind', 'LD_PRELOAD=/shim.so:/other.so'];
  expect(bindSettings(environment, 21, SHIM, (descriptor) => descriptor !== 6)).toEqual({
    settings: ['ARCHON_BIND=fd:21,fd:5,/run/archon/bind', 'LD_PRELOAD=/shim.so:/other.so'],
    kept: [21, 5],
  });
  const only = bindSettings(['ARCHON_BIND=/run/fd:7,x'], 21, SHIM, all);
  expect(only).toMatchObject({ settings: ['ARCHON_BIND=fd:21,/run/fd:7,x', expect.anything()], kept: [21] });
});

test('there are no more than the library reads', () => {
  const list = Array.from({ length: 12 }, (_, at) => `fd:${at + 30}`).join(',');
  expect(bindSettings([`ARCHON_BIND=${list}`], 21, SHIM, all).kept).toEqual([21, 30, 31, 32, 33, 34, 35, 36]);
});
