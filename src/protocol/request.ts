import type { Kind } from './kinds.ts';
import { VERBS, type Argument, type Verb } from './verbs.ts';

type Shape<V extends Verb> = (typeof VERBS)[V];

type ArgumentsOf<A> = {
  readonly [N in keyof A]: A[N] extends Argument<infer T, infer O>
    ? O extends 'many'
      ? readonly [T, ...T[]]
      : O extends 'optional'
        ? T | undefined
        : T
    : never;
};

type OptionsOf<O> = { readonly [N in keyof O]?: O[N] extends Kind<infer T> ? T : never };

type SettingsOf<V extends Verb> = Shape<V>['settings'] extends true
  ? { readonly settings: ReadonlyMap<string, string> }
  : unknown;

/** The request of one verb. What its verb does not take it does not have. */
export type RequestOf<V extends Verb> = {
  /** With its `#`; undefined for an untagged request. */
  readonly tag: string | undefined;
  readonly verb: V;
  /** By the names of the table of verbs. */
  readonly args: ArgumentsOf<Shape<V>['args']>;
  /** By their names without `@`; what was not given is absent. */
  readonly options: OptionsOf<Shape<V>['options']>;
} & SettingsOf<V>;

/** Any request, told apart by `verb`. */
export type Request = { [V in Verb]: RequestOf<V> }[Verb];

/** Whether a request starts something, which is refused while the supervisor shuts down. */
export function startsSomething(request: Request): boolean {
  return VERBS[request.verb].starts && !(request.verb === 'Reload' && request.options.check === true);
}

/** Whether a request is answered by a stream, which goes on after its `Ok`; an untagged one is the last of its connection. */
export function isStream(request: Request): boolean {
  return request.verb === 'Subscribe' || (request.verb === 'Log' && request.options.follow === true);
}
