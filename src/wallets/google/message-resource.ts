import type { JsonValue } from '../../common/json.js';
import { linkTo } from '../../passes/linked-text.js';
import { textIn, translationsOf, type Localized, type ShownMessage } from '../../passes/message.js';
import type { GoogleMessage } from './objects-client.js';

/** Ids of our messages begin so; the others of an object are somebody else's. */
export const MESSAGE_PREFIX = 'message-';
export const messageIdOf = (message: ShownMessage): string => `${MESSAGE_PREFIX}${message.id}`;

function localized(text: Localized, language: string): JsonValue | undefined {
  const others = translationsOf(text);
  if (others.length === 0) return undefined;
  return {
    defaultValue: { language, value: textIn(text, language) },
    translatedValues: others.map(([name, value]) => ({ language: name, value })),
  };
}

/** A message in Google's form, ended by Google itself at its time, too. */
export function googleMessage(
  message: ShownMessage,
  { language, sender }: { language: string; sender: string },
): Omit<GoogleMessage, 'messageType'> {
  const { text, title, link, until, at } = message;
  const withLink = (body: string): string => (link === null ? body : `${body}\n${linkTo(link)}`);
  const bodies =
    typeof text === 'string' ? text : Object.fromEntries(Object.entries(text).map(([k, v]) => [k, withLink(v)]));
  const localizedBody = localized(bodies, language);
  const localizedHeader = title === null ? undefined : localized(title, language);
  return {
    id: messageIdOf(message),
    header: title === null ? sender : textIn(title, language),
    body: withLink(textIn(text, language)),
    ...(localizedHeader !== undefined && { localizedHeader }),
    ...(localizedBody !== undefined && { localizedBody }),
    ...(until !== null && { displayInterval: { start: { date: at }, end: { date: until } } }),
  };
}
