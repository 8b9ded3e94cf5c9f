import type Koa from 'koa';

export type Device = 'apple' | 'android' | 'other';

/** Fetchers that show a link's preview or look for harm in it; people in an app's own browser are not among them. */
const FETCHERS = new RegExp(
  [
    // Each names itself a bot, but for a maker of phones.
    '(?<!cu)bot(?![a-z])|crawl|spider|slurp|preview',
    '\\b(?:facebookexternalhit|facebot|meta-externalagent|slack-imgproxy|whatsapp/|line-poker|kakaotalk-scrap)',
    '^viber|\\b(?:embedly|iframely|mastodon|snap url|vkshare|zoominfo|flipboardproxy|nuzzel)',
    '\\bgoogle(?:other|imageproxy|docs|-safety|-inspectiontool|-read-aloud|-pagerenderer|-structured-data)',
    '\\b(?:yahoomailproxy|ms-office|microsoft office|barracuda|proofpoint|mimecast|safelinks|urldefense|urlscan)',
    '\\b(?:virustotal|symantec|zscaler|trendmicro|fortiguard|ironport|sophos|checkpoint|bitdefender)',
  ].join('|'),
  'i',
);

/**
 * Which wallet the reader's device has, by its user agent. A tablet or laptop that calls itself a Mac is `other`: it
 * gets both ways and a code to scan.
 */
export function detectDevice(userAgent: string): Device {
  // Windows Phone once claimed to be both of the others.
  if (/Windows Phone|IEMobile/i.test(userAgent)) return 'other';
  if (/\b(?:iPhone|iPod|iPad)\b/.test(userAgent)) return 'apple';
  if (/\bAndroid\b/i.test(userAgent)) return 'android';
  return 'other';
}

/** Whether no person reads the answer: a preview, a scanner, a prefetch. Such a request must change nothing. */
export function isUnattended(request: { userAgent: string; purpose: string }): boolean {
  return FETCHERS.test(request.userAgent) || /\b(?:prefetch|prerender|preview)\b/i.test(request.purpose);
}

const PURPOSE_HEADERS = ['Sec-Purpose', 'Purpose', 'X-Purpose', 'X-Moz'];

/** `isUnattended` of a request; one for the headers alone has no reader either. */
export const hasNoReader = (ctx: Koa.Context): boolean =>
  ctx.method === 'HEAD' ||
  isUnattended({
    userAgent: ctx.get('User-Agent'),
    purpose: PURPOSE_HEADERS.map((name) => ctx.get(name)).join(' '),
  });
