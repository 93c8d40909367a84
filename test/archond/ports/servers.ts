import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';

/** A server that knows nothing of passed sockets, and how it is seen that it serves. */
export interface Server {
  readonly name: string;
  readonly program: string;
  /** Its words, for a port of 127.0.0.1; what it needs lies in the folder. */
  readonly command: (port: number, folder: string) => readonly string[];
  readonly ready: (port: number) => object;
}

const http = (port: number): object => ({ http: `http://127.0.0.1:${port}/`, every: '50ms' });

function nginx(port: number, folder: string): readonly string[] {
  const file = `${folder}/nginx-${port}.conf`;
  const places = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${folder}/${name};`,
  );
  writeFileSync(
    file,
    `daemon off; worker_processes 2; pid ${folder}/nginx-${port}.pid; error_log stderr;
${process.getuid?.() === 0 ? 'user root;' : ''}
events {}
http { access_log off; ${places.join(' ')}
  server { listen 127.0.0.1:${port}; location / { return 200 "nginx"; } } }
`,
  );
  return ['nginx', '-e', 'stderr', '-p', folder, '-c', file];
}

/** Those that are shown: unmodified, each with a port that it binds by itself. */
export const SERVERS: readonly Server[] = [
  { name: 'nginx', program: 'nginx', command: nginx, ready: http },
  {
    name: 'redis-server',
    program: 'redis-server',
    command: (port, folder) => [
      ...['redis-server', '--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--dir', folder],
    ],
    ready: (port) => ({ command: `redis-cli -e -p ${port} ping`, every: '50ms' }),
  },
  {
    name: 'Python’s http.server',
    program: 'python3',
    command: (port, folder) => [
      ...['python3', '-m', 'http.server', `${port}`, '--bind', '127.0.0.1', '--directory', folder],
    ],
    ready: http,
  },
  {
    name: 'a Node server',
    program: 'node',
    command: (port) => [
      ...['node', '-e', `require("http").createServer((_, r) => r.end("node")).listen(${port}, "127.0.0.1")`],
    ],
    ready: http,
  },
];

/** Whether a program is found by its name. */
export function isInstalled(program: string): boolean {
  return spawnSync('sh', ['-c', 'command -v "$0"', program]).status === 0;
}

/** A configuration; what is JSON is YAML. */
export function configOf(units: object): string {
  return JSON.stringify({ version: 1, units });
}
