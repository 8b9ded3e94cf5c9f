import type { JsonValue } from '../../common/json.js';
import { escapeMarkup, linkTo } from '../../passes/linked-text.js';
import { textIn, translationsOf, type Localized, type ShownMessage } from '../../passes/message.js';
import type { AppleDesign } from '../../passes/pass-type.js';

/** Key of the back field that shows the newest message; the only one of ours that speaks. */
export const MESSAGE_KEY = 'passrelay-message';
/** Key of the back field that lists the ones before it. */
export const EARLIER_KEY = 'passrelay-messages';

/** Two equal texts after each other are no change to a phone: every second one has this invisible end. */
const UNLIKE = '\u200b';

const linked = (text: string, link: string): string => `${escapeMarkup(text)}\n${linkTo(link)}`;

/** Texts of the newest message that a phone shows: what it says, and the same with its link. */
function textsOf(
  message: ShownMessage,
  text: string,
  isRepeated: boolean,
): { value: string; attributed: string | null } {
  const value = isRepeated ? text + UNLIKE : text;
  return { value, attributed: message.link === null ? null : linked(value, message.link) };
}

const listed = (messages: readonly ShownMessage[], language: string) => {
  const lines = messages.map((message) => {
    const title = message.title === null ? '' : `${textIn(message.title, language)}: `;
    return { text: title + textIn(message.text, language), link: message.link };
  });
  return {
    value: lines.map(({ text }) => text).join('\n\n'),
    attributed: lines.some(({ link }) => link !== null)
      ? lines.map(({ text, link }) => (link === null ? escapeMarkup(text) : linked(text, link))).join('\n\n')
      : null,
  };
};

interface MessagesView {
  newest: ShownMessage;
  isRepeated: boolean;
  /** Newest first. */
  earlier: ShownMessage[];
}

function viewOf(messages: readonly ShownMessage[]): MessagesView | undefined {
  const newest = messages.at(-1);
  if (!newest) return undefined;
  return { newest, isRepeated: newest.repeats === true, earlier: messages.slice(0, -1).reverse() };
}

/**
 * Back fields that show a pass's messages. `speaks`: the lock screen of a phone that did not have the newest one shows it
 * as it is ("%@"); false where another field speaks, since of two iOS says "Store card changed".
 */
export function messageFields(
  messages: readonly ShownMessage[],
  { apple, speaks, language }: { apple: AppleDesign; speaks: boolean; language: string },
): Record<string, JsonValue>[] {
  const view = viewOf(messages);
  const { label = 'News', earlierLabel = 'Earlier', empty } = apple.messages ?? {};
  if (!view) return empty === undefined ? [] : [{ key: MESSAGE_KEY, label, value: empty }];
  const { newest, earlier } = view;
  const { value, attributed } = textsOf(newest, textIn(newest.text, language), view.isRepeated);
  const fields: Record<string, JsonValue>[] = [
    {
      key: MESSAGE_KEY,
      label: newest.title === null ? label : textIn(newest.title, language),
      value,
      ...(attributed !== null && { attributedValue: attributed }),
      ...(speaks && { changeMessage: '%@' }),
    },
  ];
  if (earlier.length > 0) {
    const list = listed(earlier, language);
    fields.push({
      key: EARLIER_KEY,
      label: earlierLabel,
      value: list.value,
      ...(list.attributed !== null && { attributedValue: list.attributed }),
    });
  }
  return fields;
}

/** Translations of what `messageFields` shows, by language: phones look them up by the shown text. */
export function messageStrings(
  messages: readonly ShownMessage[],
  language: string,
): Record<string, Record<string, string>> {
  const view = viewOf(messages);
  if (!view) return {};
  const out: Record<string, Record<string, string>> = {};
  const add = (other: string, source: string, translation: string): void => {
    if (source !== translation) (out[other] ??= {})[source] = translation;
  };
  const languages = new Set(
    messages
      .flatMap(({ text, title }): Localized[] => (title === null ? [text] : [text, title]))
      .flatMap((text) => translationsOf(text).map(([name]) => name)),
  );
  const { newest, earlier, isRepeated } = view;
  const source = textsOf(newest, textIn(newest.text, language), isRepeated);
  const list = earlier.length > 0 ? listed(earlier, language) : null;
  for (const other of languages) {
    const there = textsOf(newest, textIn(newest.text, other), isRepeated);
    add(other, source.value, there.value);
    if (source.attributed !== null) add(other, source.attributed, there.attributed!);
    if (newest.title !== null) add(other, textIn(newest.title, language), textIn(newest.title, other));
    if (list === null) continue;
    const translated = listed(earlier, other);
    add(other, list.value, translated.value);
    if (list.attributed !== null) add(other, list.attributed, translated.attributed!);
  }
  return out;
}
