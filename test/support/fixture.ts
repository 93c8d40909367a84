import { spawnSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from './supervisor.ts';

/** Compiles test/fixtures/NAME.c into `folder`; returns the program's path, which everybody may execute. */
export function compileFixture(name: string, folder: string): string {
  const program = path.join(folder, name);
  const source = path.join(ROOT, 'test/fixtures', `${name}.c`);
  const compiler = process.env['CC'] ?? 'cc';
  const { status, stderr } = spawnSync(compiler, ['-O1', '-Wall', '-pthread', '-o', program, source], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${compiler} refused ${source}:\n${stderr}`);
  chmodSync(program, 0o755);
  return program;
}
