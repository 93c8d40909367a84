// Reads the page of the server now and every few seconds, and prints it.
import http from 'node:http';

function visit() {
  http
    .get({ socketPath: 'server.sock', path: '/', agent: false }, (response) => {
      response.setEncoding('utf8').on('data', (text) => process.stdout.write(text));
    })
    .on('error', (error) => console.error(error.message));
}

visit();
setInterval(visit, 5000);
