// Takes its socket as descriptor 3, says on descriptor 4 that it serves where somebody reads there, and is gentle at its end:
// it accepts no more, answers those whom it has accepted, and leaves. With `--idle MS` it also leaves when nobody has asked for
// so long.
import { writeSync } from 'node:fs';
import http from 'node:http';

if (Number(process.env.LISTEN_PID) !== process.pid || process.env.LISTEN_FDS !== '1') {
  console.error('there is no socket: start this by archond');
  process.exit(1);
}

const [, , , idleMs] = process.argv;
let idle;
const leave = () => server.close(() => process.exit(0));
const wait = () => {
  clearTimeout(idle);
  if (idleMs !== undefined) idle = setTimeout(leave, Number(idleMs));
};

const server = http.createServer((_request, response) => {
  wait();
  // Whoever is kept waiting for another request would keep this process from leaving.
  response.setHeader('Connection', 'close');
  response.end(`${process.env.ARCHON_LABEL}, process ${process.pid}\n`);
});
server.listen({ fd: 3 }, () => {
  wait();
  if (idleMs === undefined) writeSync(4, '\n');
});
process.on('SIGTERM', leave);
