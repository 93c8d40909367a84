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

/**
 * Whether a client of this user may speak to whom it finds at a socket, by the user that answers there (unix(7),
 * SO_PEERCRED). Where others can make folders, one of them may have been quicker: there only the user itself and root are
 * believed. A socket that was named, or lies where nobody else can put one, is what it is.
 */
export function isTrusted(socket: string, answeringUid: number, ownUid: number): boolean {
  const isShared = socket.startsWith(`/tmp/archon-${ownUid}/`);
  return !isShared || answeringUid === ownUid || answeringUid === 0;
}
