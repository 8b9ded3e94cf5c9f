/** About what a locked iPhone shows of a message before it cuts: four lines; phones and fonts differ. */
export const LOCK_SCREEN_CHARACTERS = 150;

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** Characters as people count them: an emoji of several code points is one. */
export const charactersOf = (text: string): string[] => [...graphemes.segment(text)].map(({ segment }) => segment);

/** A text as a lock screen shows it: line breaks are blanks there, and a long end becomes "…". */
export function cutForLockScreen(text: string, most: number = LOCK_SCREEN_CHARACTERS): string {
  const characters = charactersOf(text.replaceAll(/\s/g, ' '));
  if (characters.length <= most) return characters.join('');
  return `${characters
    .slice(0, most - 1)
    .join('')
    .trimEnd()}…`;
}
