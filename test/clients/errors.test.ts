import { describeCases } from './cases.ts';

/** Says that it goes into the background, and leaves no process that could be named. */
const CONFIGURATION = `
units:
  lost:
    command: sh -c 'sleep 0.2 & exit 0'
    pid-file: /nowhere/pid
    restart: never
    enabled: false
`;

describeCases('errors', 'errors.py', { config: CONFIGURATION });
