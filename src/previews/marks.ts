/** What a person should check before the design is applied; the preview shows it beside the card. */
export interface Mark {
  kind: 'overflow' | 'missing' | 'untranslated' | 'image' | 'left out';
  text: string;
}

export const mark = (kind: Mark['kind'], text: string): Mark => ({ kind, text });
