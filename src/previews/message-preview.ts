import { charactersOf, cutForLockScreen } from '../passes/lock-screen-cut.js';
import { textIn, translationsOf, withMessage, type ShownMessage } from '../passes/message.js';
import type { SendMessageInput } from '../passes/operation-input.js';
import type { PassTypeDesign } from '../passes/pass-type.js';
import type { PassState } from '../passes/pass.js';
import { EARLIER_KEY, MESSAGE_KEY, messageFields } from '../wallets/apple/message-fields.js';
import { googleMessage } from '../wallets/google/message-resource.js';
import { chooseMessageType, NOTIFICATIONS_PER_DAY } from '../wallets/google/message-budget.js';

export interface MessagePreviewInput {
  command: Pick<SendMessageInput, 'content' | 'validUntil' | 'validForSeconds'>;
  pass: { state: PassState; messages: readonly ShownMessage[] };
  design: PassTypeDesign;
  /** Language of the tenant: a phone of another one shows its translation, where there is one. */
  language: string;
  appleDevices: number;
  /** The object at Google; null where the pass is not there. */
  google: { notifiedAtMs: readonly number[] } | null;
  nowMs: number;
}

export interface AppleMessage {
  language: string;
  title: string;
  text: string;
  isCut: boolean;
}

export interface MessagePreview {
  /** Why no wallet would get it; null: they would. */
  refused: string | null;
  apple: { lockScreens: AppleMessage[]; silentBecause: string | null; back: { label: string; text: string }[] } | null;
  google: { notifies: boolean; why: string; header: string; body: string; language: string }[];
}

const DRAFT_ID = '00000000-0000-4000-8000-000000000000';

/** What a message would show on both wallets, in each of its languages. Pure: nothing is written or sent. */
export function previewMessage(input: MessagePreviewInput): MessagePreview {
  const { command, design, pass, nowMs } = input;
  const { content } = command;
  const until =
    command.validForSeconds === null
      ? command.validUntil
      : new Date(nowMs + command.validForSeconds * 1000).toISOString();
  const message: ShownMessage = { ...content, id: DRAFT_ID, at: new Date(nowMs).toISOString(), until };
  const named = [content.text, content.title ?? ''].flatMap((text) => translationsOf(text).map(([name]) => name));
  const languages = named.length === 0 ? [input.language] : [...new Set(named)];
  const refused = pass.state === 'active' ? null : `The pass is ${pass.state}: it takes no messages.`;
  return {
    refused,
    apple: design.apple ? applePreview(input, message, languages) : null,
    google: languages.map((language) => googlePreview(input, message, language)),
  };
}

function applePreview(
  { design, pass }: MessagePreviewInput,
  message: ShownMessage,
  languages: readonly string[],
): NonNullable<MessagePreview['apple']> {
  const apple = design.apple!;
  const fields = (messages: readonly ShownMessage[], language: string) =>
    messageFields(messages, { apple, speaks: true, language });
  const [first] = languages;
  const wasThere = fields(pass.messages, first!).some(({ key }) => key === MESSAGE_KEY);
  const after = withMessage(pass.messages, message);
  return {
    lockScreens: languages.map((language) => {
      const text = String(fields(after, language).find(({ key }) => key === MESSAGE_KEY)!['value']);
      const shown = cutForLockScreen(text);
      return { language, title: design.organizationName, text: shown, isCut: shown.endsWith('…') && shown !== text };
    }),
    silentBecause: wasThere
      ? null
      : 'the field of messages is new on this pass, and a phone may say nothing of a new field: give the design "apple": { "messages": {} }, and move the passes to it',
    back: fields(after, first!)
      .filter(({ key }) => key === MESSAGE_KEY || key === EARLIER_KEY)
      .map(({ label, value }) => ({ label: String(label), text: String(value) })),
  };
}

function googlePreview(
  { design, google, nowMs }: MessagePreviewInput,
  message: ShownMessage,
  language: string,
): MessagePreview['google'][number] {
  const { header } = googleMessage(message, { language, sender: design.organizationName });
  const shown = { language, header, body: textIn(message.text, language) };
  const quiet = (why: string) => ({ ...shown, notifies: false, why });
  if (!design.google) return quiet('the pass type has no design for Google Wallet');
  if (!google) return quiet('the pass is not in Google Wallet');
  if (chooseMessageType(google.notifiedAtMs, nowMs) === 'TEXT')
    return quiet(`it arrives quietly: Google notifies of a pass ${NOTIFICATIONS_PER_DAY} times in 24 hours`);
  return { ...shown, notifies: true, why: 'Google words the line on the lock screen itself; inside the pass it shows' };
}

/** The preview as the terminal shows it. */
export function messagePreviewText(preview: MessagePreview, input: MessagePreviewInput): string {
  const { apple, google, refused } = preview;
  const devices = `${input.appleDevices} device${input.appleDevices === 1 ? '' : 's'} registered`;
  const indented = (text: string): string => text.replaceAll('\n', '\n    ');
  return [
    ...(refused === null ? [] : [`Refused: ${refused}`]),
    ...(apple === null
      ? ['iOS: the pass type has no design for Apple Wallet']
      : [
          `iOS lock screen (${devices}):`,
          ...apple.lockScreens.map(({ language, title, text, isCut }) => {
            const characters = isCut
              ? ` (cut: the whole text has ${charactersOf(wholeText(input, language)).length} characters)`
              : '';
            return `  ${language}  ${title}: "${text}"${characters}`;
          }),
          ...(apple.silentBecause === null ? [] : [`  Silent: ${apple.silentBecause}.`]),
          'On the back:',
          ...apple.back.map(({ label, text }) => `  ${label}\n    ${indented(text)}`),
        ]),
    'Google Wallet:',
    ...google.map(({ language, why, header, body, notifies }) =>
      notifies ? `  ${language}  ${why}: "${header}" / "${indented(body)}"` : `  ${language}  does not notify: ${why}`,
    ),
    'Nothing was written or sent.',
  ].join('\n');
}

const wholeText = ({ command }: MessagePreviewInput, language: string): string =>
  textIn(command.content.text, language);
