/** The folder of the socket where nothing was said about it (protocol page, "Transport and access"). */
export function usualRuntimeFolder(uid: number, env: Readonly<Record<string, string | undefined>>): string {
  if (uid === 0) return '/run/archon';
  const runtime = env['XDG_RUNTIME_DIR'];
  return runtime?.startsWith('/') === true ? `${runtime}/archon` : `/tmp/archon-${uid}`;
}

/** The socket to speak to: what was given, else `$ARCHON_SOCKET`, else the usual one. */
export function socketPath(
  given: string | undefined,
  uid: number,
  env: Readonly<Record<string, string | undefined>>,
): string {
  return given ?? env['ARCHON_SOCKET'] ?? `${usualRuntimeFolder(uid, env)}/archon.sock`;
}
