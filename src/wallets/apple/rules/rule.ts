/**
 * What a key of pass.json may hold. One table of these is read three times: by the check of a design, by the rendering of
 * a pass and by the schemas that editors use.
 */
export type Rule =
  | {
      is: 'text';
      /** An empty one means something here. */
      mayBeEmpty?: true;
    }
  | {
      is:
        | 'word'
        | 'boolean'
        | 'date'
        | 'colour'
        | 'url'
        | 'uuid'
        | 'digest'
        | 'zone'
        | 'currency'
        | 'amount'
        | 'anything';
    }
  | { is: 'number' | 'integer'; least?: number; most?: number; above?: number }
  | {
      is: 'enum';
      names: readonly string[];
      /** Phones bear other names and show nothing for them. */
      soft?: true;
    }
  | {
      is: 'object';
      keys: Readonly<Record<string, Rule>>;
      required?: readonly string[];
      /** Phones pass over an incomplete one by themselves: it goes into the pass as the design has it. */
      harmless?: true;
    }
  | { is: 'list'; of: Rule; most?: number };

export type ScalarRule = Exclude<Rule, { is: 'object' | 'list' }>;

export const text: Rule = { is: 'text' };
export const textOrEmpty: Rule = { is: 'text', mayBeEmpty: true };
/** A text that phones take as a number, too: seats are often only numbered. */
export const word: Rule = { is: 'word' };
export const flag: Rule = { is: 'boolean' };
export const date: Rule = { is: 'date' };
export const colour: Rule = { is: 'colour' };
export const url: Rule = { is: 'url' };
export const anything: Rule = { is: 'anything' };
export const oneOf = (...names: readonly string[]): Rule => ({ is: 'enum', names });
/** A list of known names to which others may be added. */
export const someOf = (...names: readonly string[]): Rule => ({ is: 'enum', names, soft: true });
export const list = (of: Rule, most?: number): Rule => ({ is: 'list', of, ...(most !== undefined && { most }) });
export const object = (keys: Readonly<Record<string, Rule>>, required: readonly string[] = []): Rule => ({
  is: 'object',
  keys,
  required,
});
/** An object that phones pass over where a key is missing, rather than refusing the pass. */
export const harmless = (rule: Rule): Rule => (rule.is === 'object' ? { ...rule, harmless: true } : rule);
/** The same rule for many keys, written as one line of names. */
export const all = (rule: Rule, names: string): Record<string, Rule> =>
  Object.fromEntries(names.split(/\s+/).map((name) => [name, rule]));
