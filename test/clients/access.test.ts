import { describe } from 'vitest';
import { describeCases } from './cases.ts';

const CONFIGURATION = `
access:
  - {user: 2001, role: read}
  - {user: 2002, role: control}
  - {user: 2003, role: control}
  - {group: 3001, role: read}
  - {group: 3002, role: control}
units:
  web:
    command: sleep 1000
    env: {SECRET: hush}
    log: {stderr: separate}
`;

describe.skipIf(process.getuid?.() !== 0)('access by the configuration', () => {
  describeCases('who is admitted (needs root)', 'access.py', { config: CONFIGURATION, isOpen: true });
});
