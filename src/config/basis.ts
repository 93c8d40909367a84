import type { Controller, WhyNoController } from '../base/controllers.ts';
import type { Result } from '../base/result.ts';
import type { ConfigFault, ConfigSystem, ConfigUser } from './system.ts';

/**
 * On what a configuration rests: everything that loading it has asked of the machine, with a digest of each answer. A load is a
 * function of its request and of these answers, since `ConfigSystem` is its only door. So whoever asks the same anew and gets the
 * same answers would load the same, and need not: no time of a file is trusted, and nothing is left out (a folder has
 * another file, a file of settings another line, a user another group).
 */
export interface Basis {
  /** Tells by whom and for what was asked: another request, or another program, may make something else of the same answers. */
  readonly of: string;
  readonly asked: readonly Asked[];
}

/** A question and what its answer comes down to. `mostBytes` with `read` only. */
export type Asked = readonly [question: Question, about: string, answer: string, mostBytes?: number];

type Question = 'read' | 'list' | 'kind' | 'user' | 'group' | 'controller';

/** A short text for bytes that no other bytes have. */
export type Digest = (bytes: Uint8Array) => string;

/** A system that notes what it is asked. */
export interface NotingSystem extends ConfigSystem {
  /** What was asked so far, each question once; undefined where one has got two answers: then it is no basis. */
  asked(): readonly Asked[] | undefined;
}

/** Lets a system be asked through it, and notes that. */
export function noting(system: ConfigSystem, digest: Digest): NotingSystem {
  const asked = new Map<string, Asked>();
  let isSteady = true;
  const note = (...one: Asked): void => {
    const [question, about, answer, mostBytes] = one;
    const key = JSON.stringify([question, about, mostBytes]);
    const earlier = asked.get(key);
    if (earlier === undefined) asked.set(key, one);
    else if (earlier[2] !== answer) isSteady = false;
  };
  return {
    uid: system.uid,
    gid: system.gid,
    read(path, mostBytes) {
      const answer = system.read(path, mostBytes);
      note('read', path, contentOf(answer, digest), mostBytes);
      return answer;
    },
    list(folder) {
      const answer = system.list(folder);
      note('list', folder, namesOf(answer, digest));
      return answer;
    },
    kindOf(path) {
      const answer = system.kindOf(path);
      note('kind', path, kindOf(answer));
      return answer;
    },
    whyWithout(controller) {
      const answer = system.whyWithout(controller);
      note('controller', controller, dataOf(answer));
      return answer;
    },
    user(nameOrUid, done) {
      system.user(nameOrUid, (user) => {
        note('user', nameOrUid, dataOf(user));
        done(user);
      });
    },
    group(nameOrGid, done) {
      system.group(nameOrGid, (gid) => {
        note('group', nameOrGid, dataOf(gid));
        done(gid);
      });
    },
    asked: () => (isSteady ? [...asked.values()] : undefined),
  };
}

/** Whether a machine answers everything as it did; asks no more after the first answer that is another. */
export async function isAnsweredAlike(
  asked: readonly Asked[],
  system: ConfigSystem,
  digest: Digest,
): Promise<boolean> {
  for (const one of asked) if ((await answerOf(one, system, digest)) !== one[2]) return false;
  return true;
}

async function answerOf(
  [question, about, , mostBytes = 0]: Asked,
  system: ConfigSystem,
  digest: Digest,
): Promise<string> {
  switch (question) {
    case 'read':
      return contentOf(system.read(about, mostBytes), digest);
    case 'list':
      return namesOf(system.list(about), digest);
    case 'kind':
      return kindOf(system.kindOf(about));
    case 'controller':
      return dataOf(system.whyWithout(about as Controller));
    case 'user':
      return new Promise((resolve) => {
        system.user(about, (user) => {
          resolve(dataOf(user));
        });
      });
    case 'group':
      return new Promise((resolve) => {
        system.group(about, (gid) => {
          resolve(dataOf(gid));
        });
      });
  }
}

function contentOf(answer: Result<Uint8Array, ConfigFault>, digest: Digest): string {
  return answer.ok ? digest(answer.value) : faultOf(answer.error);
}

const utf8 = new TextEncoder();

/** Names come in no order. */
function namesOf(answer: Result<readonly string[], ConfigFault>, digest: Digest): string {
  return answer.ok ? digest(utf8.encode(JSON.stringify([...answer.value].sort()))) : faultOf(answer.error);
}

function kindOf(answer: Result<string, ConfigFault>): string {
  return answer.ok ? answer.value : faultOf(answer.error);
}

/** Nobody is nothing, and so is no reason. */
function dataOf(found: ConfigUser | WhyNoController | number | undefined): string {
  return found === undefined ? '' : JSON.stringify(found);
}

/** No digest begins so. */
function faultOf({ code }: ConfigFault): string {
  return `!${code}`;
}
