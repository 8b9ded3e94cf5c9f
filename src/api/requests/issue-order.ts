import { parseIssuePass, type IssuePassCommand } from './issue-pass.js';
import type { Parsed, RequestOptions } from './index.js';
import { coerceFields } from '../../passes/field-values.js';
import type { FieldProblem } from '../../passes/identifiers.js';
import { nearest, nearestByWords } from '../../common/nearest-name.js';
import type { JsonValue } from '../../common/json.js';
import type { PassTypeVersion } from '../../passes/pass-type.js';
import { withDefaults } from '../../passes/pass-view.js';
import { unlistedCases } from '../../passes/unlisted-cases.js';

type Body = Readonly<Record<string, JsonValue>>;

/** A request to issue, checked against its pass type: nothing in it can fail later. */
export interface CheckedIssue {
  command: IssuePassCommand;
  type: PassTypeVersion;
  /** What the request sets. */
  values: Record<string, JsonValue>;
  /** The data of a new pass: values and defaults. */
  data: Record<string, JsonValue>;
}

const text = (value: JsonValue | undefined): string | null =>
  typeof value === 'string' && value.trim() !== '' ? value.trim() : null;

function chooseType(
  types: readonly PassTypeVersion[],
  wanted: string | null,
  problems: FieldProblem[],
): PassTypeVersion | undefined {
  if (wanted === null && types.length === 1) return types[0];
  const found = types.find(({ passTypeId, design }) => passTypeId === wanted || design.name === wanted);
  const templates = types.map(({ design, passTypeId }) => `${passTypeId} (${design.name})`).join(', ') || 'none yet';
  if (found || problems.some(({ pointer }) => pointer === '/passTemplate')) return found;
  if (wanted === null) {
    problems.push({
      pointer: '/passTemplate',
      message: 'passTemplate is missing',
      cure: `name one of the templates: ${templates}`,
    });
    return undefined;
  }
  const names = types.map(({ design }) => design.name);
  const near =
    nearest(wanted, [...types.map(({ passTypeId }) => passTypeId), ...names]) ?? nearestByWords(wanted, names);
  problems.push({
    pointer: '/passTemplate',
    message: `there is no template "${wanted.slice(0, 100)}"`,
    cure: `${near ? `did you mean "${near}"? ` : ''}The templates are ${templates}`,
  });
  return undefined;
}

/** Reads the body of `POST /v1/passes` against the tenant's pass types; every fault at once, with pointer and cure. */
export function checkIssue(
  body: Body,
  options: RequestOptions,
  types: readonly PassTypeVersion[],
): Parsed<CheckedIssue> {
  const parsed = parseIssuePass(body, options);
  const problems = parsed.ok ? [] : [...parsed.problems];
  const given = body['pass'];
  const type = chooseType(types, parsed.ok ? parsed.command.passTemplate : text(body['passTemplate']), problems);
  const raw =
    typeof given === 'object' && given !== null && !Array.isArray(given) ? (given as Record<string, JsonValue>) : {};
  const coerced = type && coerceFields(type.design.fields, parsed.ok ? parsed.command.data : raw, { mode: 'create' });
  problems.push(...(coerced?.problems ?? []));
  const warnings = [...parsed.warnings, ...(coerced?.warnings ?? [])];
  if (!parsed.ok || !type || !coerced || problems.length > 0) return { ok: false, problems, warnings };
  const data = withDefaults(type.design, coerced.values);
  warnings.push(...unlistedCases(type.design, data, Object.keys(coerced.values), '/pass'));
  return { ok: true, command: { command: parsed.command, type, values: coerced.values, data }, warnings };
}
