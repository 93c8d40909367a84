import { describe, expect, it } from 'vitest';
import { ESCAPES } from './escapes.ts';
import { HostRig } from './rig.ts';

describe('what a rule may try', () => {
  it.each(Object.entries(ESCAPES))('%s ends, is told with file and line, and others go on', (_, body) => {
    const rig = new HostRig();
    rig.load(`on { run = function(e)\n${body}\nend }`, 'bad.lua');
    rig.load('local seen = 0 on { run = function() seen = seen + 1 note("good " .. seen) end }', 'good.lua');
    rig.told();

    rig.offer();
    rig.offer();

    const told = rig.told();
    expect(told.filter((line) => line.startsWith('note'))).toEqual(['note good 1', 'note good 2']);
    const troubles = told.filter((line) => !line.startsWith('note'));
    expect(troubles, told.join('\n')).toHaveLength(2);
    for (const line of troubles) expect(line).toMatch(/^failed bad\.lua:[12] /);
  });

  it('is let be after five failures, which is said, until the file is loaded again', () => {
    const rig = new HostRig();
    const text = 'on { run = function(e) error("no") end }';
    rig.load(text);
    for (let times = 0; times < 7; times += 1) rig.offer();

    expect(rig.told()).toEqual([
      ...Array.from({ length: 5 }, () => 'failed a.lua:1 no'),
      'suspended a.lua:1 it failed 5 times within a minute; it is let be until the rules are loaded again',
    ]);
    rig.load(text);
    rig.offer();
    expect(rig.told()).toEqual(['failed a.lua:1 no']);
  });

  it('is not let be where a minute lies between', () => {
    const rig = new HostRig();
    rig.load('on { run = function(e) error("no") end }');
    for (let times = 0; times < 20; times += 1) {
      rig.offer();
      rig.nowS += 15;
    }
    expect(rig.told().filter((line) => line.startsWith('suspended'))).toEqual([]);
  });

  it('holds no more than a file may from one event to the next', () => {
    const rig = new HostRig();
    rig.load('kept = {} on { run = function(e) for i = 1, 2000 do kept[#kept + 1] = {} end end }');
    for (let times = 0; times < 100; times += 1) rig.offer();
    expect(rig.told()).toContain('failed a.lua:1 it holds more than 16 MiB');
  });

  it('reaches nothing outside', () => {
    const rig = new HostRig();
    rig.load(`on { run = function()
      for _, name in ipairs{"os", "io", "package", "debug", "require", "load", "loadstring", "loadfile", "dofile", "coroutine", "collectgarbage"} do
        if _G[name] ~= nil then note(name) end
      end
      if string.dump then note("string.dump") end
      if getmetatable("") then note("metatable of strings") end
      note("looked")
    end }`);
    rig.offer();
    expect(rig.told()).toEqual(['note looked']);
  });

  it('shares nothing between files', () => {
    const rig = new HostRig();
    rig.load(
      'x = 1 string.rep = nil table.insert = 7 on { run = function() note("x is " .. x) end }',
      'a.lua',
    );
    rig.load(
      'on { run = function() note(tostring(x) .. type(string.rep) .. type(table.insert)) end }',
      'b.lua',
    );
    rig.offer();
    expect(rig.told()).toEqual(['note x is 1', 'note nilfunctionfunction']);
  });
});
