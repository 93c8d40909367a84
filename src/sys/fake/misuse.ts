/**
 * Whoever uses a `Sys` broke one of its rules: a descriptor closed twice or used after its close, a
 * state acknowledged that was not reached, a second listener. On a real system this would hit some
 * innocent descriptor or process, so the fake throws instead of answering.
 */
export class Misuse extends Error {
  override readonly name = 'Misuse';
}

/**
 * Thrown out of every call of a `Sys` whose archond has been killed, so that the rest of the step in
 * which it died does nothing more. The loop of the fake swallows it; see `Control.killAtCall`.
 */
export class ArchondKilled extends Error {
  override readonly name = 'ArchondKilled';
}
