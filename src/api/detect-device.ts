export type Device = 'apple' | 'android' | 'other';

/** Fetchers that show a link's preview or look for harm in it; people in an app's own browser are not among them. */
const PREVIEWS =
  /\b(?:facebookexternalhit|facebot|twitterbot|slackbot|slack-imgproxy|telegrambot|discordbot|linkedinbot|skypeuripreview|microsoftpreview|whatsapp\/|viber|line-poker|kakaotalk-scrap|pinterestbot|redditbot|embedly|iframely|googlebot|google-safety|googleimageproxy|bingbot|bingpreview|applebot|yandexbot|baiduspider|duckduckbot|barracuda|proofpoint|mimecast|safelinks|urldefense|python-requests|curl\/|wget\/)/i;

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

/** Whether nobody looks at the answer: a preview, a scanner, a prefetch. Such a request must change nothing. */
export function isUnattended(request: { userAgent: string; purpose: string }): boolean {
  return PREVIEWS.test(request.userAgent) || /\b(?:prefetch|prerender|preview)\b/i.test(request.purpose);
}
