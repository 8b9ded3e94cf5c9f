const BREAKS = /<br ?\/?>|<\/(?:p|div|li|tr|h[1-6])>/gi;
const TAGS =
  /<\/?(?:a|b|br|center|div|em|font|h[1-6]|i|img|li|ol|p|small|span|strong|style|sub|sup|table|tbody|td|tr|u|ul)(?: [a-z-]+ ?=[^<>]{0,1000})?\/?>/gi;

/** A text without the HTML that an editor has written into it; "a < b" and "<3" stay. */
export function withoutMarkup(text: string): string {
  if (!text.includes('<')) return text;
  return text.replace(BREAKS, '\n').replace(TAGS, '');
}

/** Whether a text is an object or a list that a template has put between quotes, or what programs write in its place. */
export const isJsonText = (text: string): boolean =>
  (/^[{[] ?["']/.test(text) && /["'] ?[}\]]$/.test(text)) || text === '[object Object]';
