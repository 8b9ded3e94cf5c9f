/** A text inside the markup of wallets, which know links and nothing else; Apple's own examples quote them by apostrophes. */
export const escapeMarkup = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');

/** An address as a link that reads as itself, as the back of an Apple pass and a message of Google's take it. */
export const linkTo = (address: string): string => `<a href="${escapeMarkup(address)}">${escapeMarkup(address)}</a>`;
