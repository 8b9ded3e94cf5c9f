import { cleanText } from './clean-text.js';

/** Invisible characters that mean nothing in any text: zero-width spaces, byte order marks, soft hyphens, fillers. */
const MEANINGLESS = /[\u00ad\u034f\u180e\u200b\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufff8]/g;
/** Joiners shape emoji and scripts beyond Latin; variation selectors choose the look of the character before. */
const SHAPING = /[\u200c\u200d\ufe00-\ufe0f]+/g;
const JOINERS = /[\u200c\u200d]/g;
const LATIN_LETTER_OR_BLANK = /[A-Za-z\s\u00c0-\u024f]/;
const LATIN = /[\u0000-\u024f]/;
const DIRECTION_MARKS = /[\u061c\u200e\u200f\u202a-\u202e]/g;
const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]/;
const TAGS = /[\u{e0000}-\u{e0fff}]/gu;
/** Flags of regions such as Scotland are a black flag and tags. */
const BLACK_FLAG = '\u{1f3f4}';
const EDGE = /[\s\u061c\u200c-\u200f\u202a-\u202e]/;
const PLAIN = /^[\u0020-\u007e\n]*$/;

function withoutStrayShaping(text: string): string {
  return text.replace(SHAPING, (run, at: number) => {
    const [before, after] = [text[at - 1], text[at + run.length]];
    if (before === undefined || LATIN_LETTER_OR_BLANK.test(before)) return '';
    return after === undefined || LATIN.test(before) || LATIN.test(after) ? run.replace(JOINERS, '') : run;
  });
}

/** By hand: a pattern for the end of a text takes quadratic time. */
function trimEdges(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && EDGE.test(text[start]!)) start++;
  while (end > start && EDGE.test(text[end - 1]!)) end--;
  return text.slice(start, end);
}

function tidyOnce(text: string): string {
  let out = withoutStrayShaping(text.replace(MEANINGLESS, '').normalize('NFC'));
  if (!RIGHT_TO_LEFT.test(out)) out = out.replace(DIRECTION_MARKS, '');
  if (!out.includes(BLACK_FLAG)) out = out.replace(TAGS, '');
  return trimEdges(out);
}

/**
 * A text as it is compared and stored: trimmed, composed (NFC), without control characters and without invisible ones,
 * save those that emoji and right-to-left scripts need. Applying it twice changes nothing more.
 */
export function tidyText(text: string): string {
  if (PLAIN.test(text)) return text.trim();
  let before = cleanText(text);
  for (;;) {
    const after = tidyOnce(before);
    // What was removed may have parted two characters that compose, so that the next round finds more.
    if (after === before) return after;
    before = after;
  }
}

/** Whether a reader sees nothing of a text: blanks and invisible characters are nothing. */
export const isEmptyText = (text: string): boolean => tidyText(text) === '';
