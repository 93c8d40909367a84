#!/usr/bin/env node
// `npm run build`: build/native from native, dist from src, the client in one file.
import { buildAll } from './build-all.mjs';
import { fail } from './process.mjs';

await buildAll().catch(fail);
