import type fs from 'node:fs/promises';

/** The promises of node:fs, loaded when they are first needed: that takes 5 ms, and archond is to answer before. */
export const lateFiles = async (): Promise<typeof fs> => import('node:fs/promises');
