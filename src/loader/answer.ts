import path from 'node:path';
import { ok } from '../base/result.ts';
import { isAnsweredAlike, noting, type Basis } from '../config/basis.ts';
import { digestOf } from '../sys/real/digest.ts';
import { reading } from '../sys/real/reading.ts';
import { machine } from './machine.ts';
import type { LoadAnswer, LoadRequest } from './request.ts';

/** So many bytes at its head name the content of a bundle (scripts/bundle.mjs). */
const STAMP_BYTES = 64;

/** Loads what is asked for, or finds that what is known already is still the same: then nothing is read that would need the libraries. */
export async function answerTo({ basis, ...request }: LoadRequest): Promise<LoadAnswer> {
  const of = nameOf(request);
  const isKnown = of !== undefined && basis?.of === of;
  if (isKnown && (await isAnsweredAlike(basis.asked, machine(request.trees), digestOf))) return ok('same');
  const system = noting(machine(request.trees), digestOf);
  const { load } = await import('./load.ts');
  const loaded = await load(request.paths, { logDir: request.logDir }, system);
  const asked = system.asked();
  if (!loaded.ok || of === undefined || asked === undefined) return loaded;
  return ok({ ...loaded.value, basis: { of, asked } satisfies Basis });
}

/** What else an answer depends on: the request, whose supervisor it is, and this very program; undefined where that cannot be told. */
function nameOf(request: Omit<LoadRequest, 'basis'>): string | undefined {
  const stamp = reading.read(path.join(import.meta.dirname, 'main.bundle.cjs'), STAMP_BYTES);
  if (!stamp.ok) return undefined;
  const { uid, gid } = machine(request.trees);
  return digestOf(Buffer.from(JSON.stringify([Buffer.from(stamp.value).toString(), uid, gid, request])));
}
