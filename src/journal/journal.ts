import type { Sys, SysError } from '../sys/sys.ts';
import { goOnIn, idChangeOf, type Found, type IdChange } from './opening.ts';
import type { NewEvent, Remembered } from './payload.ts';
import { Climb } from './climb.ts';
import { EventCursor, type EventQuery } from './cursor.ts';
import { recover, type Recovered } from './recovery.ts';
import { retain } from './retention.ts';
import { headOf } from './segments.ts';
import type { StoreKind } from './store.ts';
import { DEFAULT_LIMITS, openStores, type Limits } from './stores.ts';
import { Syncs, type SyncDone } from './syncs.ts';
import { Witness } from './witness.ts';
import { Writer, type Current } from './writer.ts';

