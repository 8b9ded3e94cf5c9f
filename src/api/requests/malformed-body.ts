import type { JsonProblem } from './tolerant-json.js';
import { ApiError } from '../problems.js';
import { maskQuoted } from '../refusals/evidence.js';

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

/** The refusal of a body that is no JSON: its first fault in words, with line and column, and all of them in the list. */
export function malformedBody(faults: readonly JsonProblem[]): ApiError {
  const [first] = faults;
  const detail = first
    ? `Line ${first.line}, column ${first.column}: ${first.message}. ${sentence(first.cure)}`
    : 'The body is no JSON.';
  return new ApiError('malformed-body', detail, {
    errors: faults.map((fault) => ({ pointer: '', ...fault })),
    evidence: () => maskQuoted(detail),
  });
}
