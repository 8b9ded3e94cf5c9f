import { escapeHtml } from '../html-text.js';

/** What a program must know before its first call: in the description as Markdown, on the page of the reference as HTML. */
const OVERVIEW: readonly [heading: string, text: string][] = [
  [
    'Keys',
    'An API key goes into `Authorization: Bearer …` or `X-API-KEY`. Use a key that was made with `--test` to try the calls on this page: what it does is marked as a test and counts in no metric.',
  ],
  [
    'Answers',
    '200 and 202 mean that the request is stored and will be carried out. Follow `Location`, or `statusUrl`, for the result.',
  ],
  ['Errors', 'Errors are `application/problem+json` (RFC 9457). Their `type` leads to a page that says what to do.'],
];

const LINKS = [
  ['/docs.md', 'The same as text'],
  ['/openapi.json', 'OpenAPI 3.1'],
  ['/problems', 'All problems'],
] as const;

export const overviewMarkdown = (): string =>
  [
    ...OVERVIEW.map(([heading, text]) => `**${heading}.** ${text}`),
    LINKS.map(([href, text]) => `[${text}](${href})`).join(' · '),
  ].join('\n\n');

/** Text made safe, where names are between backticks. */
const sentence = (text: string): string => escapeHtml(text).replace(/`([^`]*)`/g, '<code>$1</code>');

export const overviewHtml = (): string =>
  [
    ...OVERVIEW.map(([heading, text]) => `<h2>${heading}</h2>\n<p>${sentence(text)}</p>`),
    `<p>${LINKS.map(([href, text]) => `<a href="${href}">${text}</a>`).join(' · ')}</p>`,
  ].join('\n');
