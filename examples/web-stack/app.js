// Counts its visitors in redis and in PostgreSQL, with what comes with Node and psql, so that nothing
// has to be installed for the example.
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, rmSync, writeSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { promisify } from 'node:util';

const { READY_FD, REDIS, SOCKET } = process.env;

/** The reply of redis to a command in one line. */
async function redis(command) {
  const socket = net.createConnection(REDIS);
  socket.setEncoding('latin1');
  let reply = '';
  socket.on('data', (text) => (reply += text));
  socket.end(`${command}\r\nQUIT\r\n`);
  await once(socket, 'close');
  return reply.split('\r\n')[0];
}

/** The only value of the only row that a statement gives; where is said by PGHOST and so on. */
async function sql(statement) {
  const { stdout } = await promisify(execFile)('psql', ['-qAtc', statement]);
  return stdout.trim();
}

const server = http.createServer(async (request, response) => {
  try {
    const [cached] = await Promise.all([redis('INCR visits'), sql('insert into visits default values')]);
    const stored = await sql('select count(*) from visits');
    response.end(`visits: ${cached.slice(1)} since the cache started, ${stored} ever\n`);
  } catch (error) {
    response.writeHead(502).end(`${error.message}\n`);
  }
});

rmSync(SOCKET, { force: true });
process.umask(0o111);
server.listen(SOCKET, () => {
  writeSync(Number(READY_FD), '\n');
  closeSync(Number(READY_FD));
});
process.once('SIGTERM', () => {
  server.close();
  server.closeAllConnections();
});
