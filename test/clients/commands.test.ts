import { describeCases } from './cases.ts';

const env = { KEPT: 'yes', NODE_HIDDEN: '1', ARCHON_HIDDEN: '1', LISTEN_FDS: '7', WATCHDOG_USEC: '9' };

describeCases('commands', 'commands.py', { env: { ...env, INVOCATION_ID: 'x', JOURNAL_STREAM: 'x' } });
