import { literalsOf } from '../../../passes/possible-values.js';
import type { ScalarRule } from './rule.js';

/** Signs that a value of a rule is made of; any other sign around a placeholder spoils it whatever the placeholder says. */
const SIGNS: Partial<Record<ScalarRule['is'], RegExp>> = {
  date: /^[\dTZ:.+\- ]*$/i,
  number: /^[\d.+\-e ]*$/i,
  integer: /^[\d+\-e. ]*$/i,
  amount: /^[\d.\- ]*$/,
  currency: /^[A-Z ]*$/,
  uuid: /^[0-9a-f\- ]*$/i,
  digest: /^[0-9a-f ]*$/i,
  zone: /^[\w+\-/ ]*$/,
  colour: /^[#rgb\da-f(), ]*$/i,
  boolean: /^[a-z ]*$/,
};

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** Whether no value of its placeholders could bring a template with a text around them into the form of a rule. */
export function neverFits(rule: ScalarRule, template: string): boolean {
  const literals = literalsOf(template);
  const signs = SIGNS[rule.is];
  if (signs) return !literals.every((part) => signs.test(part));
  if (rule.is === 'url') {
    const [start = ''] = literals;
    return literals.some((part) => /\s/.test(part)) || (start !== '' && !/^[a-z][a-z0-9+.-]*(?::|$)/i.test(start));
  }
  if (rule.is !== 'enum' || rule.soft) return false;
  const form = new RegExp(`^${literals.map(escaped).join('.*')}$`);
  return !rule.names.some((name) => form.test(name));
}
