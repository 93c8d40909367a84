import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT, collect } from '../scripts/process.mjs';
import { FLOOR, SERVICE, ended, gauge, launch, ownTree, pause, until } from './tools.mjs';

/**
 * A supervisor at work in a folder of its own.
 *
 * @typedef {object} Running
 * @property {string} [socket] of those that speak the protocol
 * @property {() => number[]} own its processes, services left out
 * @property {(ids: readonly number[], words: (id: number) => readonly string[], isLogged?: boolean) => () => Promise<void> | void} prepare
 *   makes ready what is to run, with a log of its own where it is not one anyway, and gives back what starts it
 * @property {() => Promise<void>} stopAll stops all of them
 * @property {() => Promise<void>} end
 */

/**
 * @typedef {object} Contestant
 * @property {string} name
 * @property {readonly string[]} needs programs that must be in PATH
 * @property {string} install how to get them
 * @property {(folder: string, lifeMs?: number, units?: string) => Promise<Running> | Running} start
 *   lifeMs: how long the services of the row live, where they die by themselves;
 *   units: a configuration, for those that know what that is
 */

/** @param {string} program */
export const isInPath = (program) =>
  (process.env['PATH'] ?? '').split(':').some((folder) => existsSync(path.join(folder, program)));

/** @param {string} socket @param {() => number[]} own @param {() => Promise<void>} end @returns {Running} */
function speaking(socket, own, end) {
  return {
    socket,
    own,
    end,
    prepare: (ids, words) => {
      const lines = ids.map(
        (id) => `#${id},StartDaemon,${words(id).join(' ')},@label=s${id},@restart=always`,
      );
      return async () => {
        // The gauge repeats one line; different ones go through a file and one connection.
        const file = `${socket}.lines`;
        // The floor knows no tags: it answers in order.
        const isFloor = socket.endsWith('floor.sock');
        writeFileSync(file, lines.map((line) => `${isFloor ? line.replace(/^#\d+,/, '') : line}\n`).join(''));
        await gauge('lines', socket, file);
      };
    },
    stopAll: async () => {
      await gauge('ask', socket, 'Stop,*', 1, 1);
    },
  };
}

/** @param {import('node:child_process').ChildProcess} child */
const treeOf = (child) => () => ownTree(child.pid ?? 0);

/** @param {import('node:child_process').ChildProcess} child @param {NodeJS.Signals} signal */
const ending = (child, signal) => async () => {
  child.kill(signal);
  await ended(child);
};

/** @type {Contestant} */
const floor = {
  name: 'floor',
  needs: [],
  install: '',
  start: async (folder) => {
    const socket = path.join(folder, 'floor.sock');
    const child = launch(FLOOR, [socket]);
    await until(() => existsSync(socket), 'the floor');
    return speaking(socket, treeOf(child), ending(child, 'SIGKILL'));
  },
};

/** @type {Contestant} */
const archon = {
  name: 'archon',
  needs: [],
  install: '',
  start: async (folder, lifeMs, units) => {
    const socket = path.join(folder, 'archon.sock');
    const args = ['--foreground', '--socket', socket, '--state', path.join(folder, 'state')];
    const configuration = units ?? (lifeMs === undefined ? undefined : stormOf(folder, lifeMs));
    if (configuration !== undefined) {
      const file = path.join(folder, 'archon.yaml');
      writeFileSync(file, configuration);
      args.push('--config', file);
    }
    const child = launch(path.join(ROOT, 'bin/archond'), args, { NODE_EXTRA_CA_CERTS: undefined });
    await until(() => existsSync(socket), 'archond');
    const running = speaking(socket, treeOf(child), ending(child, 'SIGTERM'));
    if (lifeMs === undefined) return running;
    return {
      ...running,
      prepare: (ids) => async () => {
        await gauge('ask', socket, `Start,"{${ids.map((id) => `s${id}`).join(',')}}",@wait=0`, 1, 1);
      },
    };
  },
};

/** As many as a storm has, without a pause between two lives: by a configuration, since nothing else can ask for that. */
export const STORM_UNITS = 200;

/** @param {string} folder @param {number} lifeMs */
function stormOf(folder, lifeMs) {
  const records = path.join(folder, 'records');
  const units = Array.from(
    { length: STORM_UNITS },
    (_, id) => `  s${id}: {command: [${SERVICE}, ${records}, "${id}", "${lifeMs}"]}\n`,
  );
  return `version: 1\ndefaults: {enabled: false, restart: {policy: always, delay: 0ms}}\nunits:\n${units.join('')}`;
}

/**
 * A folder of services, each a folder with a script `run`, and one for its log where there is a logger.
 *
 * @param {string} folder
 * @param {readonly number[]} ids
 * @param {(id: number) => readonly string[]} words
 * @param {string} [logger]
 */
function writeRunScripts(folder, ids, words, logger) {
  const write = (/** @type {string} */ run, /** @type {string} */ command) => {
    mkdirSync(path.dirname(run), { recursive: true });
    writeFileSync(run, `#!/bin/sh\nexec ${command}\n`);
    chmodSync(run, 0o755);
  };
  for (const id of ids) {
    const service = path.join(folder, `s${id}`);
    write(path.join(service, 'run'), words(id).join(' '));
    if (logger === undefined) continue;
    write(path.join(service, 'log/run'), `${logger} ${service}/log/main`);
    mkdirSync(path.join(service, 'log/main'));
  }
  return ids.map((id) => path.join(folder, `s${id}`));
}

/** @type {Contestant} */
const runit = {
  name: 'runit',
  needs: ['runsvdir', 'sv'],
  install: 'apt-get install runit',
  start: (folder) => {
    /** @type {import('node:child_process').ChildProcess | undefined} */
    let child;
    /** @type {string[]} */
    let folders = [];
    return {
      own: () => (child === undefined ? [] : ownTree(child.pid ?? 0)),
      prepare: (ids, words, isLogged) => {
        const logger = isLogged === true ? 'svlogd' : undefined;
        folders = writeRunScripts(path.join(folder, 'services'), ids, words, logger);
        return () => {
          child = launch('runsvdir', [path.join(folder, 'services')]);
        };
      },
      stopAll: async () => {
        await collect('sv', ['-w', '60', 'down', ...folders]);
      },
      end: async () => {
        if (child === undefined) return;
        const left = ownTree(child.pid ?? 0).slice(1);
        child.kill('SIGHUP');
        await ended(child);
        await until(() => left.every((pid) => !existsSync(`/proc/${pid}`)), 'the end of runsv');
      },
    };
  },
};

/** @type {Contestant} */
const s6 = {
  name: 's6',
  needs: ['s6-svscan', 's6-svscanctl'],
  install: 'apt-get install s6',
  start: (folder) => {
    const services = path.join(folder, 'services');
    /** @type {import('node:child_process').ChildProcess | undefined} */
    let child;
    const end = async () => {
      if (child === undefined) return;
      await collect('s6-svscanctl', ['-t', services]);
      await ended(child);
      child = undefined;
    };
    return {
      own: () => (child === undefined ? [] : ownTree(child.pid ?? 0)),
      prepare: (ids, words, isLogged) => {
        writeRunScripts(services, ids, words, isLogged === true ? 's6-log' : undefined);
        // It admits 500 services unless told otherwise.
        return () => {
          child = launch('s6-svscan', ['-c', String(ids.length + 500), services]);
        };
      },
      stopAll: end,
      end,
    };
  },
};

/** @type {Contestant} */
const supervisor = {
  name: 'supervisor',
  needs: ['supervisord', 'supervisorctl'],
  install: 'apt-get install supervisor',
  start: (folder) => {
    const file = path.join(folder, 'supervisord.conf');
    /** @type {import('node:child_process').ChildProcess | undefined} */
    let child;
    return {
      own: () => (child === undefined ? [] : ownTree(child.pid ?? 0)),
      prepare: (ids, words) => {
        const socket = path.join(folder, 'supervisor.sock');
        const programs = ids.map((id) => `[program:s${id}]\ncommand=${words(id).join(' ')}\n`).join('');
        writeFileSync(
          file,
          `[unix_http_server]\nfile=${socket}\n[supervisord]\nnodaemon=true\nlogfile=${folder}/log\n` +
            `pidfile=${folder}/pid\nchildlogdir=${folder}\n` +
            '[rpcinterface:supervisor]\nsupervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n' +
            `[supervisorctl]\nserverurl=unix://${socket}\n${programs}`,
        );
        return () => {
          child = launch('supervisord', ['-c', file]);
        };
      },
      stopAll: async () => {
        await collect('supervisorctl', ['-c', file, 'stop', 'all']);
      },
      end: async () => {
        if (child === undefined) return;
        child.kill('SIGTERM');
        await ended(child);
      },
    };
  },
};

/** @type {Contestant} */
const pm2 = {
  name: 'pm2',
  needs: ['pm2'],
  install: 'npm install -g pm2',
  start: async (folder) => {
    const env = { ...process.env, PM2_HOME: path.join(folder, 'pm2') };
    const file = path.join(folder, 'ecosystem.json');
    /** @param {readonly string[]} args */
    const call = async (...args) => {
      await collect('pm2', args, { env });
    };
    await call('ping');
    const pidFile = path.join(folder, 'pm2/pm2.pid');
    await until(() => existsSync(pidFile), 'pm2');
    const pid = Number((await import('node:fs')).readFileSync(pidFile, 'utf8'));
    return {
      own: () => ownTree(pid),
      prepare: (ids, words) => {
        const apps = ids.map((id) => ({
          name: `s${id}`,
          script: SERVICE,
          args: words(id).slice(1),
          interpreter: 'none',
        }));
        writeFileSync(file, JSON.stringify({ apps }));
        return async () => call('start', file);
      },
      stopAll: async () => call('stop', 'all'),
      end: async () => call('kill'),
    };
  },
};

/** All that can stand in the table, the floor first. @type {readonly Contestant[]} */
export const CONTESTANTS = [floor, archon, runit, s6, supervisor, pm2];

/** @param {string} folder */
export async function clear(folder) {
  for (let tries = 0; tries < 50; tries += 1) {
    try {
      rmSync(folder, { recursive: true, force: true });
      return;
    } catch {
      await pause(50);
    }
  }
}
