/*
 * The loader: reads configuration files in a process of its own, so that its libraries and all that they
 * leave in memory end with it, and the supervisor's loop never waits for a disk or a directory of users.
 * Its standard input is a `LoadRequest`, its output a `LoadAnswer`.
 */
import { ownInput } from '../sys/real/own-input.ts';
import { answerTo } from './answer.ts';
import type { LoadRequest } from './request.ts';

const request = JSON.parse(ownInput()) as LoadRequest;
void answerTo(request).then((answer) => process.stdout.write(JSON.stringify(answer)));
