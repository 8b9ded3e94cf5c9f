import { pointer } from '../../common/clean-text.js';
import type { AppleField, PassTypeDesign } from '../../passes/pass-type.js';
import { isAlwaysThere } from '../../passes/possible-values.js';
import type { Add } from './design-problem.js';
import { crowdedRows, isSquare, type Crowd, type FaceStyle } from './face-room.js';

type Groups = Readonly<Record<string, AppleField[] | undefined>>;

const rowOf = ({ groups, row }: Crowd<object>): string =>
  groups.length > 1 ? `${groups.join(' and ')} together have` : `${groups[0]!}${row === 1 ? ' of row 1' : ''} has`;

/** How a crowded row is reported: to the author of a design and to the operator of a pass. */
export const crowdText = (crowd: Crowd<object>, face: FaceStyle): string =>
  `${rowOf(crowd)} ${crowd.found} fields, the front of a ${face} shows ${crowd.seen}`;

/** A field that is one placeholder falls away without a value; one with a text around it stays. */
const isSole = (value: string | number): boolean => /^\s*\{\{[^{}]*\}\}\s*$/.test(String(value));

/** Fields that do not fit on the front: refused if they always have a value, reported if some may be without one. */
export function checkRoom(design: PassTypeDesign, add: Add): void {
  const apple = design.apple!;
  const square = isSquare(apple.barcodes[0]?.format);
  checkFront(apple.style, apple as unknown as Groups, square, pointer('apple'), design, add);
  if (!apple.posterGeneric) return;
  checkFront('posterGeneric', apple.posterGeneric, square, pointer('apple', 'posterGeneric'), design, add);
}

function checkFront(
  face: FaceStyle,
  groups: Groups,
  square: boolean,
  path: string,
  design: PassTypeDesign,
  add: Add,
): void {
  const crowds = (always: boolean, beside: boolean) =>
    crowdedRows(
      face,
      (group) => (groups[group] ?? []).filter(({ value }) => !always || !isSole(value) || isAlwaysThere(value, design)),
      beside,
    );
  const same = (one: Crowd<object>, other: Crowd<object>): boolean =>
    one.groups.join() === other.groups.join() && one.row === other.row;
  // Apple's pages differ on a generic pass beside a square code, and a second footer field waits for the first one's end.
  const certain = crowds(true, false).filter(({ group, found }) => group !== 'footerFields' || found > 2);
  for (const crowd of crowds(false, square)) {
    const sure = certain.find((one) => same(one, crowd));
    const over = (sure ?? crowd).found - crowd.seen;
    const target = face === 'eventTicket' && crowd.group === 'auxiliaryFields' && crowd.row === 0;
    add(
      path + pointer((sure ?? crowd).group),
      `${crowdText(sure ?? crowd, face)}.`,
      target
        ? `Give ${over} of them "row": 1, or move them to backFields.`
        : `Move ${over} of them to another group or to backFields.`,
      sure ? undefined : 'warning',
    );
  }
}
