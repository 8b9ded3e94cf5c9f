import type { Picture } from './picture.js';
import { DOUBLED } from './rules/doubled.js';
import { INVERTED } from './rules/inverted.js';
import { LOST } from './rules/lost.js';
import { viewOf, type Harm, type Rule } from './rules/rule.js';
import { UNFINISHED } from './rules/unfinished.js';

export const RULES: Readonly<Record<string, Rule>> = { ...LOST, ...DOUBLED, ...INVERTED, ...UNFINISHED };

export interface Fault {
  readonly harm: Harm;
  /** The rule that is broken. */
  readonly rule: string;
  readonly what: string;
}

/** Compares the journal with everything that is there in the end; no fault means that nothing was lost, doubled or inverted. */
export function judge(picture: Picture): Fault[] {
  const view = viewOf(picture);
  return Object.entries(RULES).flatMap(([rule, { harm, find }]) => find(view).map((what) => ({ harm, rule, what })));
}
