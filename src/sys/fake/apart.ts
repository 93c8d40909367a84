import { err, ok } from '../../base/result.ts';
import type { Programs } from '../programs.ts';
import type { Cancel } from '../sys.ts';
import { sysError } from './errno.ts';
import type { View } from './view.ts';

/** `Sys.programs`, out of `FakeKernel.apart` as it is when the program would end. */
export class FakeApart implements Programs {
  readonly #view: View;

  constructor(view: View) {
    this.#view = view;
  }

  run(...[program, input, done]: Parameters<Programs['run']>): Cancel {
    this.#view.call('programs.run');
    let isOver = false;
    const failed = this.#view.failure('programs.run');
    if (failed !== undefined) {
      this.#view.post(() => {
        if (!isOver) done(failed);
      });
      return () => {
        isOver = true;
      };
    }
    this.#view.kernel.loop.schedule(this.#view.kernel.loop.nowMs(), () => {
      if (isOver) return;
      const answer = this.#view.kernel.apart.get(program)?.(input) ?? err('EIO');
      this.#view.post(() => {
        done(answer.ok ? ok(answer.value) : err(sysError(answer.error, 'waitid')));
      });
    });
    return () => {
      isOver = true;
    };
  }
}
