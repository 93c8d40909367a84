import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { gauge, median } from './tools.mjs';

/** So many of them change, where some do. */
const CHANGED = 10;

/** Services that do nothing; `changed` of them with a setting that asks for another process. @param {number} units @param {number} changed */
function configuration(units, changed) {
  const lines = Array.from({ length: units }, (_, id) => {
    const env = id < changed ? ', env: {CHANGED: "1"}' : '';
    return `  s${id}: {command: sleep 1000000${env}}\n`;
  });
  return `version: 1\nunits:\n${lines.join('')}`;
}

/** @param {string} socket @param {string} line @param {RegExp} expected @returns {Promise<number>} milliseconds to the closing reply */
async function ask(socket, line, expected) {
  const { ns, last } = await gauge('ask', socket, line, 1, 1);
  if (!expected.test(last)) throw new Error(`${line} was answered by ${last}`);
  return median(ns) / 1e6;
}

/** Another configuration, of which nothing or little is new. @type {import('./rows.mjs').Row} */
export const RELOAD = {
  name: 'reload',
  figures: {
    'reload of all, unchanged': 'ms',
    [`reload, ${CHANGED} changed, until these run`]: 'ms',
    [`restart of ${CHANGED}`]: 'ms',
  },
  speaks: true,
  onlyArchon: true,
  units: ({ units }) => configuration(Math.max(units, CHANGED), 0),
  measure: async ({ running: { socket = '' }, size }) => {
    const units = Math.max(size.units, CHANGED);
    const all = new RegExp(`^Ok,${units}$`);
    const file = path.join(path.dirname(socket), 'archon.yaml');
    await ask(socket, 'Start,s*', all);
    const unchanged = await ask(socket, 'Reload', all);
    writeFileSync(file, configuration(units, CHANGED));
    const reloaded = await ask(socket, 'Reload', all);
    const restarted = await ask(socket, 'Start,s*', all);
    const some = Array.from({ length: CHANGED }, (_, id) => `s${id}`).join(',');
    return {
      'reload of all, unchanged': unchanged,
      [`reload, ${CHANGED} changed, until these run`]: reloaded + restarted,
      [`restart of ${CHANGED}`]: await ask(socket, `Restart,${some}`, new RegExp(`^Ok,${CHANGED}$`)),
    };
  },
};
