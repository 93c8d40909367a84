import type { ConfigSystem } from '../config/system.ts';
import { reading } from '../sys/real/reading.ts';
import { realUsers } from '../sys/real/users.ts';

/** The files, users and groups of this machine, for a supervisor of the calling user. */
export const machine: ConfigSystem = {
  ...reading,
  ...realUsers,
  uid: process.getuid?.() ?? 0,
  gid: process.getgid?.() ?? 0,
};
