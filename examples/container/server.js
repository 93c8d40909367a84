/* A server that takes its socket as it is passed (sd_listen_fds(3)), and says so when it serves. */
'use strict';
const fs = require('node:fs');
const http = require('node:http');

const FIRST_PASSED = 3;
const READY = 4;
const server = http.createServer((_request, response) => response.end(`served by ${process.pid}\n`));
server.listen({ fd: FIRST_PASSED }, () => {
  console.log('the server listens');
  fs.writeSync(READY, '\n');
});
process.on('SIGTERM', () => {
  server.close(() => process.exit(0));
  server.closeIdleConnections();
});
