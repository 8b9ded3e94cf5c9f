import { pointer } from '../../common/clean-text.js';
import type { JsonValue } from '../../common/json.js';
import type { AppleDesign, PassTypeVersion } from '../../passes/pass-type.js';
import { renderText, type View } from '../../passes/render.js';
import { crowdText } from './check-room.js';
import { missingTags, objectOf, semanticFaces } from './face-needs.js';
import { crowdedRows, isSquare, type FaceStyle } from './face-room.js';
import { imageFileNames } from './pass-images.js';
import { applePassJson } from './pass-json.js';
import type { LeftOut } from './rules/render-rule.js';

type Json = Readonly<Record<string, JsonValue>>;

/** An operation shows so many; a design that is wrong throughout says it in its check. */
const MOST = 20;

/** What of a design the values of one pass cost on an iPhone: parts that are left out so that phones take the rest. */
export function leftOutByApple({ design, images }: Pick<PassTypeVersion, 'design' | 'images'>, view: View): LeftOut[] {
  const { apple } = design;
  if (!apple) return [];
  const parts: LeftOut[] = [];
  const passJson = applePassJson({
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
  parts.push(...missingImages(apple, images, view), ...crowds(apple, passJson), ...lostFaces(apple, passJson));
  return parts.slice(0, MOST);
}

function missingImages(apple: AppleDesign, images: Readonly<Record<string, string>>, view: View): LeftOut[] {
  const missing = (roles: Readonly<Record<string, string>>, path: string): LeftOut[] =>
    Object.entries(roles).flatMap(([role, template]) => {
      const base = renderText(template, view);
      if (imageFileNames(base).some((name) => Object.hasOwn(images, name))) return [];
      const message = `there is no image "${base.slice(0, 60)}": the pass goes without it`;
      return [{ pointer: path + pointer(role), message }];
    });
  return [
    ...missing(apple.images, '/apple/images'),
    ...Object.entries(apple.localizations).flatMap(([language, localized]) =>
      missing(localized.images, pointer('apple', 'localizations', language, 'images')),
    ),
  ];
}

/** Fields that this pass has and its front does not show, because more optional ones than fit have a value. */
function crowds(apple: AppleDesign, passJson: Json): LeftOut[] {
  const [first] = (passJson['barcodes'] ?? []) as Json[];
  const faces: [face: FaceStyle, path: string][] = [[apple.style, '/apple']];
  if (apple.posterGeneric) faces.push(['posterGeneric', '/apple/posterGeneric']);
  return faces.flatMap(([face, path]) => {
    const structure = objectOf(passJson[face]);
    const fieldsOf = (group: string): Json[] => (structure[group] ?? []) as Json[];
    return crowdedRows(face, fieldsOf, isSquare(first?.['format'] as string | undefined)).map((crowd) => ({
      pointer: path + pointer(crowd.group),
      message: `${crowdText(crowd, face)}: ${crowd.unseen.map(({ key }) => String(key)).join(', ')} not seen`,
    }));
  });
}

/** Tags without a value that a newer face needs: phones show the classic one in its place and say nothing. */
function lostFaces(apple: AppleDesign, passJson: Json): LeftOut[] {
  return semanticFaces(apple)
    .flatMap((face) => missingTags(face, objectOf(passJson['semantics'])))
    .filter(({ needed }) => needed)
    .map(({ tag }) => ({
      pointer: pointer('apple', 'extra', 'semantics', tag),
      message: `${tag} has no value: phones show the classic face of the pass`,
    }));
}
