import { pointer } from '../../common/clean-text.js';
import { APPLE_STYLES, type AppleDesign, type PassTypeDesign } from '../../passes/pass-type.js';
import type { Add } from './design-problem.js';
import { missingTags, objectOf, SEMANTIC_FACES, schemesOf, semanticFaces } from './face-needs.js';
import { FIELD_GROUPS } from './pass-fields.js';

const SCHEMES = '/apple/extra/preferredStyleSchemes';

/** The faces of newer systems: what they need, and what older systems show in their place. */
export function checkFaces(design: PassTypeDesign, add: Add): void {
  const apple = design.apple!;
  const schemes = schemesOf(apple.extra);
  checkSchemes(apple, schemes, add);
  const faces = semanticFaces(apple);
  for (const face of faces) {
    for (const { tag, needed } of missingTags(face, objectOf(apple.extra['semantics']))) {
      const why = needed ? 'without it phones show the older face' : 'without it phones show less';
      const message = `A ${SEMANTIC_FACES[face].said} needs the tag ${tag}; ${why}.`;
      add('/apple/extra/semantics', message, `Add "${tag}".`, needed ? undefined : 'warning');
    }
    if (apple.extra['featuredActions'] !== undefined) {
      const message = `A ${SEMANTIC_FACES[face].said} does not show featuredActions.`;
      add('/apple/extra/featuredActions', message, 'Remove them, or leave the scheme out.', 'warning');
    }
  }
  if (faces.includes('posterEventTicket')) checkPosterTicket(apple, add);
  if (faces.includes('semanticBoardingPass') && apple.transitType !== 'PKTransitTypeAir') {
    const cure = 'Write "PKTransitTypeAir", or leave the scheme out.';
    add('/apple/transitType', 'A semantic boarding pass is for flights.', cure);
  }
  if (apple.posterGeneric) checkPosterGeneric(apple, add);
  if ((apple.posterGeneric || faces.length > 0) && FIELD_GROUPS.every((group) => !apple[group]?.length)) {
    const message = `Systems that do not know the newer face show an empty ${apple.style}.`;
    add('/apple/style', message, 'Give the classic face its fields, primaryFields first.', 'warning');
  }
}

function checkSchemes(apple: AppleDesign, schemes: readonly unknown[], add: Add): void {
  for (const [scheme, { style }] of Object.entries(SEMANTIC_FACES)) {
    const [first, fallback] = [schemes.indexOf(scheme), schemes.indexOf(style)];
    if (first === -1) continue;
    const right = `Write ["${scheme}", "${style}"].`;
    if (apple.style !== style) {
      add(SCHEMES, `${scheme} is a face of ${style}, not of ${apple.style}.`, `Make the style ${style}.`);
    } else if (fallback === -1) add(SCHEMES, `${scheme} has no fallback for older systems.`, right, 'warning');
    else if (fallback < first) {
      add(SCHEMES, `${style} comes before ${scheme}, so the newer face never shows.`, right, 'warning');
    }
  }
  for (const name of new Set(schemes.filter((one, index) => schemes.indexOf(one) < index))) {
    add(SCHEMES, `"${String(name)}" appears there twice.`, 'Keep one of the two.', 'warning');
  }
  const strange = schemes.filter((name) => (APPLE_STYLES as readonly unknown[]).includes(name) && name !== apple.style);
  for (const name of strange) {
    const cure = `Write "${apple.style}", or remove it.`;
    add(SCHEMES, `${String(name)} is not the style of this design (${apple.style}).`, cure, 'warning');
  }
}

function checkPosterGeneric(apple: AppleDesign, add: Add): void {
  if (apple.style === 'boardingPass') {
    const cure = 'Make the style storeCard, generic, eventTicket or coupon.';
    add('/apple/posterGeneric', 'A boardingPass is no fallback of posterGeneric.', cure, 'warning');
  }
  if (apple.images['artwork'] === undefined) {
    const cure = 'Add "artwork" to images, 358 x 448 points.';
    add('/apple/images', 'posterGeneric has no artwork.', cure, 'warning');
  }
}

function checkPosterTicket(apple: AppleDesign, add: Add): void {
  const face = SEMANTIC_FACES.posterEventTicket.said;
  if (!apple.nfc) add('/apple/nfc', `A ${face} needs nfc.`, 'Add nfc with the key of your terminals.');
  else if (apple.nfc.requiresAuthentication === undefined) {
    add('/apple/nfc', `A ${face} needs nfc.requiresAuthentication.`, 'Add "requiresAuthentication": false (or true).');
  }
  if (apple.images['artwork'] === undefined && apple.images['background'] === undefined) {
    add('/apple/images', `A ${face} needs an artwork or a background.`, 'Add "artwork" to images, 358 x 448 points.');
  }
  if (apple.barcodes.length > 0) {
    const cure = 'Use NFC, or leave the poster out.';
    add('/apple/barcodes', `A ${face} is not for tickets that need a code.`, cure, 'warning');
  }
  if (apple.logoText !== undefined && apple.extra['eventLogoText'] === undefined) {
    const cure = 'Add "eventLogoText" with the same text to extra; older systems still show logoText.';
    add('/apple/logoText', `A ${face} does not draw logoText.`, cure, 'warning');
  }
  if (apple.extra['useAutomaticColors'] !== true) return;
  for (const key of ['foregroundColor', 'labelColor'] as const) {
    if (apple[key] === undefined) continue;
    const cure = `Remove ${key} or useAutomaticColors; older systems still show ${key}.`;
    add(pointer('apple', key), `useAutomaticColors replaces ${key} on the poster.`, cure, 'warning');
  }
}
