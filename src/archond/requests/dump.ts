import { failure } from '../../base/failure.ts';
import { hideSettings } from '../../config/dump-text.ts';
import { fieldOfText } from '../../protocol/bytes.ts';
import type { RequestOf } from '../../protocol/request.ts';
import type { Call } from '../call.ts';
import type { House } from '../house.ts';

/** `Dump`: a `Line` record for each line of what was asked for. */
export function dump(house: House, request: RequestOf<'Dump'>, call: Call): void {
  const { what } = request.args;
  if (what !== 'config') {
    call.fail(failure('unsupported', `Dump of ${what} cannot be had in this version`));
    return;
  }
  const { yaml } = house.inForce.configuration;
  const shown = call.client.role !== 'owner' ? hideSettings(yaml) : yaml;
  for (const line of shown.trimEnd().split('\n')) call.data('Line', fieldOfText(line));
  call.ok();
}
