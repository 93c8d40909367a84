import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RuleInfo } from '../../src/rules/ask.ts';
import { compileGlob } from '../../src/base/glob.ts';
import { RuleIndex } from '../../src/rules/rule-index.ts';
import { HostRig } from './rig.ts';

const KINDS = ['exited', 'running', 'note', 'hail'];
const LABELS = ['web', 'web-1', 'db', ''];
const GLOBS = ['web', 'web*', '*', 'd?', ''];

/** Whether an event is for a rule, said as plainly as can be. */
function isFor({ labels, kinds }: RuleInfo, kind: string, label: string): boolean {
  const isOfKind = kinds === undefined ? kind !== 'note' : kinds.includes(kind);
  const isOfLabel = labels?.some((text) => {
    const glob = compileGlob(text);
    return glob.ok && glob.value.matches(label);
  });
  return isOfKind && (isOfLabel ?? true);
}

describe('the index of rules', () => {
  it('finds just those that an event concerns, in the order of files and lines, also when files change', () => {
    const rule = fc.record({
      labels: fc.option(fc.uniqueArray(fc.constantFrom(...GLOBS), { minLength: 1, maxLength: 3 }), {
        nil: undefined,
      }),
      kinds: fc.option(fc.uniqueArray(fc.constantFrom(...KINDS), { minLength: 1, maxLength: 3 }), {
        nil: undefined,
      }),
    });
    const files = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.array(rule, { maxLength: 5 })), {
      maxLength: 6,
    });
    const property = fc.property(files, (steps) => {
      const index = new RuleIndex();
      const model = new Map<string, readonly RuleInfo[]>();
      let id = 0;
      for (const [name, rules] of steps) {
        const infos = rules.map((one, at) => ({
          ...one,
          id: id++,
          name: '',
          line: at + 1,
          asksProcess: false,
        }));
        index.put({ name, fault: undefined, rules: infos, watches: [] });
        model.set(name, infos);
        const all = [...model]
          .sort(([one], [other]) => (one < other ? -1 : 1))
          .flatMap(([, infosOf]) => infosOf);
        for (const kind of KINDS)
          for (const label of LABELS) {
            const expected = all.filter((one) => isFor(one, kind, label)).map((one) => one.id);
            expect(index.rulesFor(kind, label)).toEqual(expected);
          }
      }
    });
    fc.assert(property, { numRuns: 200 });
  });
});

describe('a rule', () => {
  it('is refused with its line where it says what cannot be', () => {
    const fault = (text: string): string => {
      const { fault: found } = new HostRig().load(text);
      return found === undefined ? '' : `${found.line}: ${found.message}`;
    };
    expect(fault('on { labels = "x", run = "true" }')).toBe(
      "1: on: on has no field 'labels'; did you mean label?",
    );
    expect(fault('\non { label = "x" }')).toBe(
      '2: on: run is to be a function, or a text that is a command line',
    );
    expect(fault('on { label = "a b", run = "true" }')).toMatch(/^1: on: label: 'a b' cannot be a label/);
    expect(fault('on { kind = "No", run = "true" }')).toBe(
      "1: on: kind: 'No' cannot be the kind of an event",
    );
    expect(fault('on { limit = {count = 0, within = "1m"}, run = "true" }')).toMatch(
      /^1: on: limit is to be/,
    );
    expect(fault('on { debounce = "soon", run = "true" }')).toMatch(
      /^1: on: debounce: 'soon' is not a duration/,
    );
    expect(fault('restart("web")')).toMatch(/^1: restart: a file acts in its rules and timers only/);
    expect(fault('on(7)')).toBe('1: on: on takes a table: on { run = ... }');
  });

  it('fires no more often than its limit allows, by the times of the events', () => {
    const rig = new HostRig();
    rig.load('on { limit = {count = 2, within = "1m"}, run = function(e) note(e.time) end }');
    for (const wait of [0, 1, 1, 57, 1, 1]) {
      rig.nowS += wait;
      rig.offer();
    }
    expect(rig.told()).toEqual(['note 1700000000', 'note 1700000001', 'note 1700000060', 'note 1700000061']);
  });

  it('with debounce fires once when no more has come for so long, with the last event', () => {
    const rig = new HostRig();
    rig.load('on { debounce = "5s", run = function(e) note("last " .. e.sequence) end }');
    rig.offer();
    rig.offer();
    const timers = rig.asks.flatMap((ask) => (ask.kind === 'timer' ? [ask.id] : []));
    const cancelled = rig.asks.flatMap((ask) => (ask.kind === 'cancel' ? [ask.id] : []));
    expect(cancelled).toEqual(timers.slice(0, 1));
    for (const timer of timers) rig.host.fire(timer);
    expect(rig.told()).toEqual(['note last 2']);
  });

  it('may ask for path and command line of the process', () => {
    const rig = new HostRig();
    rig.load('on { exe = "/nginx$", command = "^nginx: ma", run = function(e) note(e.exe) end }');
    rig.offer();
    rig.offer({ exe: '/usr/sbin/nginx', command: 'nginx: worker' });
    rig.offer({ exe: '/usr/sbin/nginx', command: 'nginx: master' });
    expect(rig.told()).toEqual(['note /usr/sbin/nginx']);
  });

  it('sees what an event says under its own names, numbers as numbers', () => {
    const rig = new HostRig();
    rig.load(`on { run = function(e)
      note(table.concat({e.label, e.kind, e.pid + 1, e.code + 1, e.reason, tostring(e.late), tostring(e.signal)}, " "))
    end }`);
    rig.offer({ details: ['pid', '41', 'code', '0', 'reason', 'a\u00e9'], late: true });
    expect(rig.told()).toEqual(['note web exited 42 1 a\u00e9 true nil']);
  });

  it('knows of units and their states what it was told', () => {
    const rig = new HostRig();
    rig.load(`on { run = function()
      local labels = {}
      for _, unit in ipairs(units("w*")) do labels[#labels + 1] = unit.label .. "=" .. unit.state .. "/" .. unit.pid end
      note(table.concat(labels, " ") .. " " .. tostring(state("db")) .. " " .. tostring(state("x")))
    end }`);
    rig.host.learn([
      { label: 'w2', state: 'running', pid: 7 },
      { label: 'w1', state: 'stopping', pid: 8 },
      { label: 'db', state: 'failed' },
      { label: 'w3', state: 'running', pid: 9 },
    ]);
    rig.host.learn([{ label: 'w3', state: undefined }]);
    rig.offer();
    expect(rig.told()).toEqual(['note w1=stopping/8 w2=running/7 failed nil']);
  });

  it('must not make up events that are the supervisor\u2019s own', () => {
    const rig = new HostRig();
    rig.load('on { run = function(e) publish("exited", {code = 0}) end }');
    rig.offer();
    expect(rig.told()).toEqual(["failed a.lua:1 publish: the kind exited is the supervisor's own"]);
  });

  it('has its timers cancelled with its file', () => {
    const rig = new HostRig();
    rig.load('every("1s", function() note("old") end)');
    const [timer] = rig.asks.flatMap((ask) => (ask.kind === 'timer' ? [ask.id] : []));
    rig.load('every("1s", function() note("new") end)');
    expect(rig.asks).toContainEqual({ kind: 'cancel', id: timer });
    rig.told();
    for (let id = 0; id < 10; id += 1) rig.host.fire(id);
    expect(rig.told()).toEqual(['note new']);
  });
});
