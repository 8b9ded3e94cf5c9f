/** A text, or the same by language (BCP 47). */
export type Localized = string | Readonly<Record<string, string>>;

export interface MessageContent {
  text: Localized;
  title: Localized | null;
  /** An https address that the message leads to. */
  link: string | null;
}

/** A message as the wallets show it: kept in the pass, newest last. */
export interface ShownMessage extends MessageContent {
  id: string;
  /** When the pass got it, ISO 8601. */
  at: string;
  /** When it ends by itself, ISO 8601; null: never. */
  until: string | null;
  /** It is the newest because another one ended: no news to anybody. */
  quiet?: true;
  /** It says what the one before it says: a phone must see a difference. */
  repeats?: true;
}

/** Under this name a revision says which message came or went; no field can have it. */
export const MESSAGE_CHANGE = 'wallet.message';

export const MESSAGE_CLASSES = ['service', 'marketing'] as const;
export type MessageClass = (typeof MESSAGE_CLASSES)[number];

/** The last few stay readable on the back; a wallet is no mailbox. */
export const MOST_SHOWN = 5;
export const MOST_TEXT = 1000;
export const MOST_TITLE = 100;

/** The messages of a pass with one more; the same one again changes nothing, and the oldest makes room. */
export function withMessage(shown: readonly ShownMessage[], message: ShownMessage): ShownMessage[] {
  if (shown.some(({ id }) => id === message.id)) return [...shown];
  const before = shown.at(-1);
  // Of three equal ones the second differs from both: kept with it, since the list forgets what was before.
  const repeats = before !== undefined && before.repeats !== true && saysTheSame(before.text, message.text);
  return [...shown, { ...message, ...(repeats && { repeats }) }].slice(-MOST_SHOWN);
}

/** Whether a reader of any language reads the same. */
function saysTheSame(a: Localized, b: Localized): boolean {
  const languages = ['en', ...[a, b].flatMap((text) => translationsOf(text).map(([language]) => language))];
  return languages.some((language) => textIn(a, language) === textIn(b, language));
}

/** The messages of a pass without one; the newest that is left is no news, whatever a phone has seen of it. */
export function withoutMessage(shown: readonly ShownMessage[], id: string): ShownMessage[] {
  const left = shown.filter((message) => message.id !== id);
  const newest = left.at(-1);
  if (newest === undefined || left.length === shown.length) return left;
  return [...left.slice(0, -1), { ...newest, quiet: true }];
}

/** The text for a language: itself, its main language, the tenant's own, any. */
export function textIn(text: Localized, language: string): string {
  if (typeof text === 'string') return text;
  const wanted = language.toLowerCase();
  const [main] = wanted.split('-');
  const by = new Map(Object.entries(text).map(([name, value]) => [name.toLowerCase(), value]));
  return by.get(wanted) ?? by.get(main!) ?? by.get('en') ?? Object.values(text)[0] ?? '';
}

/** The languages of a text beside the one that is shown by default. */
export const translationsOf = (text: Localized): [language: string, value: string][] =>
  typeof text === 'string' ? [] : Object.entries(text);
