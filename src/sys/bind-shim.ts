import path from 'node:path';

/**
 * The library that is preloaded into programs which bind by themselves (docs/bind-shim.org), seen from this file in
 * src/sys, and from a program bundled into a folder of dist.
 */
export const BIND_SHIM = path.join(import.meta.dirname, '../../build/native/bindshim.so');
