import { pointer } from '../../common/clean-text.js';
import type { PassTypeVersion } from '../../passes/pass-type.js';
import { renderText, type View } from '../../passes/render.js';
import { imageFileNames } from './pass-images.js';
import { applePassJson } from './pass-json.js';
import type { LeftOut } from './rules/render-rule.js';

/** An operation shows so many; a design that is wrong throughout says it in its check. */
const MOST = 20;

/** What of a design the values of one pass cost on an iPhone: parts that are left out so that phones take the rest. */
export function leftOutByApple({ design, images }: Pick<PassTypeVersion, 'design' | 'images'>, view: View): LeftOut[] {
  const { apple } = design;
  if (!apple) return [];
  const parts: LeftOut[] = [];
  applePassJson({
    design,
    teamIdentifier: '',
    serialNumber: '',
    authenticationToken: '',
    webServiceUrl: '',
    view,
    state: 'active',
    modifiedAt: new Date(0),
    leaveOut: (part) => void parts.push(part),
  });
  for (const [role, template] of Object.entries(apple.images)) {
    const base = renderText(template, view);
    if (imageFileNames(base).some((name) => Object.hasOwn(images, name))) continue;
    const message = `there is no image "${base.slice(0, 60)}": the pass goes without it`;
    parts.push({ pointer: pointer('apple', 'images', role), message });
  }
  return parts.slice(0, MOST);
}
