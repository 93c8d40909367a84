import { constants } from 'node:os';
import { expect } from 'vitest';
import type { Control } from '../../../src/sys/fake/control.ts';
import { createFakeSys, type FakeOptions } from '../../../src/sys/fake/fake-sys.ts';
import { PlainFile } from '../../../src/sys/fake/open-file.ts';
import type { Program } from '../../../src/sys/fake/process.ts';
import * as programs from '../../../src/sys/fake/programs.ts';
import { StreamEnd } from '../../../src/sys/fake/stream-socket.ts';
import type { Client, Command, Commands, Harness, Stranger } from '../suite/harness.ts';

const { SIGTERM } = constants.signals;
const FOLDER = '/run/test';
/** So much virtual time is longer than any test of the suite needs. */
const PATIENCE_MS = 600_000;

/** `tellsFacts` of the suite. */
const facts: Program = (self) => {
  const { cwd, umask, uid, gid, groups, nice, oomScoreAdjust, noNewPrivileges, limits } = self.attributes;
  const lines = [
    `pid=${self.pid}`,
    `group=${self.group}`,
    `session=${self.session}`,
    `cwd=${cwd}`,
    `umask=${umask.toString(8).padStart(4, '0')}`,
    `uid=${uid}`,
    `gid=${gid}`,
    `groups=${[gid, ...groups].join(' ')}`,
    `nice=${nice}`,
    `oom=${oomScoreAdjust}`,
    `no-new-privileges=${noNewPrivileges ? 1 : 0}`,
    'ignored=0',
    'blocked=0',
    `files-soft=${limits.get('nofile')?.soft ?? 0}`,
    `files-hard=${limits.get('nofile')?.hard ?? 0}`,
    'descriptors:',
    ...[...self.files.keys()].sort((a, b) => a - b),
  ];
  self.write(1, `${lines.join('\n')}\n`);
  self.exit(0);
};

/** Forks a process that does this, and stays its parent. */
const forks =
  (child: Program): Program =>
  (self) =>
    self.fork(child);

/** Makes each command a program of its own, installed under a path of its own. */
function fakeCommands(control: Control): Commands {
  let count = 0;
  const command = (...steps: readonly Program[]): Command => {
    const path = `/bin/command-${++count}`;
    control.install(path, programs.together(...steps));
    return { argv: [Buffer.from(path)], paths: [Buffer.from(path)] };
  };
  const { exits, dies, runs, writes, ignores, doubleForks } = programs;
  const strings = (list: readonly Uint8Array[]): Buffer =>
    Buffer.concat(list.flatMap((bytes) => [bytes, Uint8Array.of(0)]));
  return {
    exits: (code) => command(exits(code)),
    dies: (signal) => command(dies(signal)),
    sleeps: () => command(runs()),
    says: (text) => command(writes(text), exits(0)),
    tellsWords: (words) => {
      const { argv, paths } = command(
        (self) => self.write(1, strings(self.attributes.argv.slice(1))),
        exits(0),
      );
      return { argv: [...argv, ...words], paths };
    },
    tellsEnvironment: () => command((self) => self.write(1, strings(self.attributes.env)), exits(0)),
    tellsFacts: () => command(facts),
    copies: (from) => command(programs.copies(from)),
    exitsAtTerm: (code) => command(programs.exitsOn(SIGTERM, code), writes('ready\n')),
    stubborn: () => command(ignores(), doubleForks(programs.together(ignores(), writes('ready\n')))),
    leavesDaemon: (code) => command(doubleForks(runs()), exits(code, 1)),
    leavesOrphan: (code) =>
      command(
        doubleForks((self) => {
          self.write(1, `${self.pid}\n`);
          exits(code, 2)(self);
        }),
        exits(0, 1),
      ),
    family: () =>
      command(
        forks(writes('near\n')),
        forks((self) => {
          self.startSession();
          self.write(1, 'far\n');
        }),
      ),
    forbidden: () => {
      control.install('/bin/forbidden', runs(), { executable: false });
      return { argv: [Buffer.from('forbidden')], paths: [Buffer.from('/bin/forbidden')] };
    },
  };
}

function fakeClient(control: Control, path: string): Client {
  const connected = control.connect(path, { pid: 77, uid: 5, gid: 6 });
  if (!connected.ok) return expect.fail(`cannot connect: ${connected.error}`);
  const client = connected.value;
  return {
    send: (data) => client.send(data),
    endWriting: () => client.endWriting(),
    vanish: () => client.vanish(),
    stopReading: () => client.stopReading(),
    startReading: () => client.startReading(),
    received: () => client.received,
    ended: () => client.ended || client.gone,
  };
}

/** The fake as the suite sees it; `prepare` may change the habits of its kernel and keeper. */
export function fakeHarness(
  options: FakeOptions = {},
  prepare: (control: Control) => void = () => undefined,
): Harness {
  const { sys, control } = createFakeSys(options);
  prepare(control);
  const { files, processes, user, loop } = control.kernel;
  files.makeFolders(FOLDER, 0o700, user.uid);
  const endMs = control.nowMs() + PATIENCE_MS;
  let nextPort = 8000;
  const stranger = (): Stranger => {
    const process = control.stranger(programs.runs());
    return {
      pid: process.pid,
      exit: (code) => {
        loop.post(() => process.exit(code));
      },
    };
  };
  return {
    sys,
    folder: FOLDER,
    commands: fakeCommands(control),
    turn: () => control.nowMs() < endMs && (control.step() || control.advanceToNext()),
    ring: () => undefined,
    restart: () => control.restart(),
    haltKeeper: () => {
      control.keeper.settings.askDelayMs = PATIENCE_MS;
    },
    killKeeper: () => {
      control.keeper.settings.askDelayMs = 0;
      control.keeper.die();
    },
    connect: (path) => fakeClient(control, path),
    visit: (folder, name, visitor) => {
      const connected = control.connect(`${folder}/${name}`, { pid: 78, ...visitor });
      if (!connected.ok) return expect.fail(`cannot connect: ${connected.error}`);
      connected.value.send('here');
    },
    stranger,
    notify: (path, said, withDescriptor = false) => {
      const sender = control.stranger(programs.runs());
      const file = new PlainFile('character');
      const isTaken = control.kernel.notify(sender, path, said, withDescriptor ? [file] : []);
      file.release();
      if (!isTaken) expect.fail(`nobody takes notifications at ${path}`);
      return sender.pid;
    },
    ask: (path, said) => {
      const sender = control.stranger(programs.runs());
      const who = { pid: sender.pid, uid: 0, gid: 0, groups: [] };
      const [own, theirs] = [new StreamEnd(who, 4096), new StreamEnd(who, 4096)];
      own.join(theirs);
      const isTaken = control.kernel.notify(sender, path, said, [theirs]);
      theirs.release();
      if (!isTaken) expect.fail(`nobody takes notifications at ${path}`);
      return {
        answer: () => {
          const received = own.receive(4096);
          if (typeof received === 'string') return received === 'end' ? 'gone' : undefined;
          for (const file of received.files) file.release();
          return { text: Buffer.from(received.bytes).toString(), descriptors: received.files.length };
        },
        giveUp: () => own.release(),
      };
    },
    knock: (address) => {
      const socket = control.kernel.portSpace.at(address);
      if (socket === undefined) expect.fail('nobody is bound there');
      loop.post(() => socket.connect());
    },
    serve: (status) => {
      const port = nextPort++;
      const { accepting, pages } = control.kernel.servers;
      accepting.add(`127.0.0.1:${port}`);
      const listener = {
        protocol: 'tcp',
        host: '127.0.0.1',
        port,
        processes: [{ pid: 77, name: 'server' }],
      } as const;
      const { strangers } = control.kernel.portSpace;
      strangers.push(listener);
      for (const page of ['', 'health']) pages.set(`http://127.0.0.1:${port}/${page}`, status);
      return {
        port,
        close: () => {
          strangers.splice(strangers.indexOf(listener), 1);
          accepting.delete(`127.0.0.1:${port}`);
          for (const page of ['', 'health']) pages.delete(`http://127.0.0.1:${port}/${page}`);
        },
      };
    },
    signalKeeper: (signal) => control.signalKeeper(signal),
    readFile: (path) => files.read(path),
    makeFolder: (path) => files.makeFolders(path, 0o700, user.uid),
    modeOf: (path) => {
      const node = files.node(path);
      return node !== undefined && 'mode' in node ? node.mode : -1;
    },
    exists: (path) => files.node(path) !== undefined,
    isAlive: (pid) =>
      pid === control.keeper.pid ? !control.keeper.gone : processes.get(pid)?.alive === true,
    openDescriptors: () => control.openDescriptors().length,
    close: () => control.settle(),
  };
}
