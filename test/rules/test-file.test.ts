import { describe, expect, it } from 'vitest';
import { testFile } from '../../src/rules/test-file.ts';
import { CLOCKS } from './rig.ts';

const WEB = `on { label = "web", kind = "exited", run = function(e)
  note("web died of " .. e.signal)
  after("5s", function() if state("cache") == "running" then restart("cache") end end)
  run("true", {}, function(exit) note("exit " .. exit.code) end)
end }
`;

const run = (text: string): { readonly faults: readonly string[]; readonly deeds: readonly string[] }[] => {
  const tested = testFile({ name: 'a.lua', text: Buffer.from(text, 'latin1') }, CLOCKS);
  if (!tested.ok) throw new Error(tested.error);
  return tested.value.map(({ faults, deeds }) => ({ faults, deeds }));
};

const DEEDS = ['note web died of SIGSEGV', 'run true', 'note exit 3', 'restart cache'];

describe('test{...} in a rule file', () => {
  it('shows what was done, in its order, as time goes on', () => {
    const text = `${WEB}test {
      units = {cache = "running"}, wait = "10s", exits = {["true"] = 3},
      events = {{label = "web", kind = "exited", signal = "SIGSEGV"}},
      expect = {"note web died of SIGSEGV", "run true", "note exit 3", "restart cache"},
    }`;
    expect(run(text)).toEqual([{ faults: [], deeds: DEEDS }]);
  });

  it('fails where something else is done, nothing, or more; and says what', () => {
    const events =
      'units = {cache = "running"}, exits = {["true"] = 3}, events = {{label = "web", kind = "exited", signal = "SIGSEGV"}}';
    const text = `${WEB}
      test { ${events}, expect = {"note web died of SIGKILL"} }
      test { ${events}, expect = {"note web died of SIGSEGV", "run true", "note exit 3", "restart cache"} }
      test { ${events}, wait = "10s", expect = {"note web died of SIGSEGV", "run true", "note exit 3"} }
      test { ${events}, check = function(actions) assert(#actions == 7, "only " .. #actions) end }
      test { events = {{label = "web", kind = "exited"}} }`;
    expect(run(text).map(({ faults }) => faults)).toEqual([
      ["'note web died of SIGKILL' was to be done, and 'note web died of SIGSEGV' was (action 1)"],
      ["'restart cache' was to be done, and nothing was (action 4)"],
      ["nothing more was to be done, and 'restart cache' was (action 4)"],
      ['a.lua:10: only 3'],
      ["a.lua:2: attempt to concatenate a nil value (field 'signal')"],
    ]);
  });

  it('complains of what it does not know, and of a file that cannot be loaded', () => {
    expect(run('test { event = {} }')[0]?.faults[0]).toMatch(/^test has no field 'event': it has name, /);
    expect(run('test { events = {{label = "a"}} }')[0]?.faults).toEqual([
      'each of the events is a table with a kind',
    ]);
    expect(run('test { wait = "soon" }')[0]?.faults[0]).toMatch(/^wait: 'soon' is not a duration/);
    expect(testFile({ name: 'b.lua', text: Buffer.from('on {') }, CLOCKS)).toEqual({
      ok: false,
      error: 'b.lua:1: unexpected symbol near <eof>',
    });
  });

  it('has cases that know nothing of each other', () => {
    const text = `local n = 0 on { kind = "x", run = function() n = n + 1 note("n " .. n) end }
      test { events = {{kind = "x"}, {kind = "x"}}, expect = {"note n 1", "note n 2"} }
      test { events = {{kind = "x"}}, expect = {"note n 1"} }`;
    expect(run(text).map(({ faults }) => faults)).toEqual([[], []]);
  });
});
