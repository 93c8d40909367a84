import { it } from 'vitest';
import { execSync } from 'node:child_process';
import { TestSupervisor } from '../../support/supervisor.ts';
import { PseudoTerminal } from './pseudo-terminal.ts';
it('x', async () => {
  await using supervisor = await TestSupervisor.start();
  for (let i = 0; i < 40; i++) {
    await using terminal = new PseudoTerminal(supervisor.socket, 'bash --norc --noprofile -i');
    let step = 0;
    const t = setTimeout(() => { console.log(i, step, JSON.stringify(terminal.shown), execSync('ps -eo pid,ppid,pgid,tpgid,stat,args | grep -e held -e norc| grep -v grep').toString(), execSync(`/work/main/bin/archonctl --socket ${supervisor.socket} tree`).toString()); process.exit(1);}, 6000);
    terminal.type(`archonctl run -l held bash -c 'echo ar''med; read; echo "read $REPLY"; exit 4'\n`);
    await terminal.until('armed'); step=1;
    terminal.type('\x1a');
    await terminal.until('Stopped'); step=2;
    terminal.type('archonctl tree held --csv\n');
    await terminal.until(',held,T,');step=3;
    terminal.type('fg\n');
    await terminal.until('archonctl run -l held');step=4;
    terminal.type('line\n');
    await terminal.until('read line');step=5;
    terminal.type('exit $?\n');
    await terminal.ended();
    clearTimeout(t);
  }
}, 200000);
