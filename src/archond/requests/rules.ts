import type { RequestOf } from '../../protocol/request.ts';
import { fieldOfText } from '../../protocol/bytes.ts';
import type { Call } from '../call.ts';
import type { House } from '../house.ts';
import type { RuleRow } from '../rules/rule-table.ts';

/** `Rules`: each rule, and each file that could not be loaded. */
export function rules(house: House, _request: RequestOf<'Rules'>, call: Call): void {
  tell(house.rules.rows(), call);
}

/** `ReloadRules`: the same, when the files have been read again. */
export function reloadRules(house: House, _request: RequestOf<'ReloadRules'>, call: Call): void {
  house.rules.reload((rows) => {
    if (rows.ok) tell(rows.value, call);
    else call.fail(rows.error);
  });
}

function tell(rows: readonly RuleRow[], call: Call): void {
  for (const { file, name, fired, lastError, state } of rows)
    call.data('Rule', fieldOfText(file), name, String(fired), lastError, state);
  call.ok(String(rows.length));
}

/** `Dump,rules`: `FILE:LINE STATE FIRED NAME`, one a line, and behind a `#` what went wrong last. */
export function ruleLines(house: House): readonly string[] {
  return house.rules.rows().map(({ file, line, state, fired, name, lastError }) => {
    const error = lastError === '' ? '' : ` # ${lastError}`;
    return `${fieldOfText(file)}:${line} ${state} ${fired} ${name}${error}`;
  });
}
