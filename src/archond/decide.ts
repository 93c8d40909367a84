/* The deciding part: started by the keeper, again and again if need be. */
import { readFileSync } from 'node:fs';
import { roleOf } from '../protocol/role.ts';
import { createRealSys } from '../sys/real/real-sys.ts';
import type { Sys } from '../sys/sys.ts';
import { baseEnvironment } from './base-environment.ts';
import type { House } from './house.ts';
import { DeferredLog } from './log.ts';
import { recover } from './recovery.ts';
import { carryOut } from './requests/dispatch.ts';
import { Session } from './session.ts';
import { KEEPER_FD_VARIABLE, SETTINGS_VARIABLE, type Settings } from './settings.ts';
import { Shutdown } from './shutdown.ts';
import { Supervisor } from './supervisor.ts';

