// As anybody would write it: binds the port that it is told.
import http from 'node:http';

const [, , port] = process.argv;
http
  .createServer((_request, response) => response.end(`plain, process ${process.pid}\n`))
  .listen(port, '127.0.0.1');
