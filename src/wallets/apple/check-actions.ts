import { pointer } from '../../common/clean-text.js';
import type { JsonValue } from '../../common/json.js';
import type { PassTypeDesign } from '../../passes/pass-type.js';
import { placeholders } from '../../passes/render.js';
import type { Add } from './design-problem.js';
import { objectOf } from './face-needs.js';

const listOf = (value: JsonValue | undefined): readonly JsonValue[] => (Array.isArray(value) ? value : []);

/** Featured actions and upcoming passes: what holds between their keys. */
export function checkActions(design: PassTypeDesign, add: Add): void {
  const { extra, images, locations } = design.apple!;
  const hasPlaces = [locations, extra['locations']].some((list) => listOf(list).length > 0) || design.nearby;
  checkIdentifiers(extra, 'featuredActions', add);
  for (const [index, action] of listOf(extra['featuredActions']).entries()) {
    const { type, url } = objectOf(action);
    const path = pointer('apple', 'extra', 'featuredActions', index);
    if (url === undefined && type !== 'place') {
      add(path, 'The action has no url and does nothing.', 'Add "url".', 'warning');
    }
    if (url !== undefined && type === 'place') {
      add(path, 'A place with a url is reported not to work.', 'Remove url: the pass shows its locations.', 'warning');
    }
    if (type === 'place' && !hasPlaces) {
      add(path, 'The pass has no locations that a place could show.', 'Add locations.', 'warning');
    }
    if (type === 'call' && typeof url === 'string' && !/^(?:tel:|\{\{)/.test(url)) {
      add(path, 'A call wants a telephone address.', 'Begin the url with tel:.', 'warning');
    }
  }
  checkIdentifiers(extra, 'upcomingPassInformation', add);
  for (const [index, entry] of listOf(extra['upcomingPassInformation']).entries()) {
    const path = pointer('apple', 'extra', 'upcomingPassInformation', index, 'images');
    for (const [role, image] of Object.entries(objectOf(objectOf(entry)['images']))) {
      checkRemoteImage(role, objectOf(image), path + pointer(role), Object.hasOwn(images, role), add);
    }
  }
}

function checkIdentifiers(extra: Readonly<Record<string, JsonValue>>, key: string, add: Add): void {
  const seen = new Set<JsonValue>();
  for (const [index, entry] of listOf(extra[key]).entries()) {
    const { identifier } = objectOf(entry);
    if (identifier === undefined) continue;
    const path = pointer('apple', 'extra', key, index);
    if (seen.has(identifier)) {
      add(path, `The identifier ${JSON.stringify(identifier)} appears there twice.`, 'Give each its own.');
    }
    seen.add(identifier);
  }
}

function checkRemoteImage(
  role: string,
  { URLs, reuseExisting }: Readonly<Record<string, JsonValue | undefined>>,
  path: string,
  isInPass: boolean,
  add: Add,
): void {
  if (reuseExisting === true) {
    if (role === 'venueMap' && isInPass) return;
    const message =
      role === 'venueMap' ? 'The pass has no venueMap to use again.' : 'Only a venueMap can be that of the pass.';
    return add(`${path}/reuseExisting`, message, 'Write URLs, or add the image to apple.images.');
  }
  if (!listOf(URLs).length) add(path, 'The image has neither URLs nor reuseExisting.', 'Add one of the two.');
  for (const [index, one] of listOf(URLs).entries()) {
    const { URL: address } = objectOf(one);
    if (typeof address !== 'string' || placeholders(address).length > 0 || /^https:/i.test(address)) continue;
    add(`${path}/URLs/${index}/URL`, 'Phones load images by https only.', 'Begin it with https://.');
  }
}
