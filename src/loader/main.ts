/*
 * The loader: reads configuration files in a process of its own, so that its libraries and all that they
 * leave in memory end with it, and the supervisor's loop never waits for a disk or a directory of users.
 * Its argument is a `LoadRequest`, its output a `LoadAnswer`.
 */
import { load } from './load.ts';
import type { LoadRequest } from './request.ts';

const { paths, logDir } = JSON.parse(process.argv[2] ?? '{}') as LoadRequest;
void load(paths, { logDir }).then((answer) => process.stdout.write(JSON.stringify(answer)));
