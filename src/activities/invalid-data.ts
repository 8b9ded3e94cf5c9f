import { pointer } from '../common/clean-text.js';
import { PermanentError } from '../common/errors.js';
import type { PassTypeDesign } from '../passes/pass-type.js';

/**
 * Data that does not fit the pass type. The full text may quote a customer's data and stays in the database; the summary
 * names fields of the design alone, for a key that the sender made up may be personal, too.
 */
export function invalidData(
  problems: readonly { pointer: string; message: string; cure: string }[],
  { fields }: Pick<PassTypeDesign, 'fields'>,
): PermanentError {
  const text = problems
    .map(({ pointer: at, message, cure }) => {
      // What names its field already needs no place beside it.
      const isNamed = at.endsWith(pointer(/^[\w-]+/.exec(message)?.[0] ?? ''));
      return `${isNamed ? '' : `${at}: `}${message}: ${cure}`;
    })
    .join('; ');
  const known = fields
    .map(({ apiFieldName }) => apiFieldName)
    .filter((name) => problems.some((problem) => problem.pointer.endsWith(pointer(name))));
  const summary =
    known.length > 0
      ? `These fields do not fit the pass type: ${known.join(', ')}.`
      : 'The data holds what is no field of the pass type.';
  return new PermanentError('invalid-data', text, {}, { summary });
}
