// Serves greeting.txt on the socket server.sock.
import { closeSync, createReadStream, rmSync, writeSync } from 'node:fs';
import http from 'node:http';

const server = http.createServer((request, response) => {
  console.log(`${request.method} ${request.url}`);
  createReadStream('greeting.txt')
    .on('error', (error) => response.writeHead(500).end(`${error.message}\n`))
    .pipe(response);
});

// What an earlier one has left that was killed.
rmSync('server.sock', { force: true });
server.listen('server.sock', () => {
  writeSync(3, '\n');
  closeSync(3);
});
process.once('SIGTERM', () => {
  server.close();
  server.closeAllConnections();
});
