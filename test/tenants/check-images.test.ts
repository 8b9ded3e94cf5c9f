import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PNG } from 'pngjs';
import { passTypeDesign } from '../../src/passes/pass-type.js';
import { checkImages } from '../../src/tenants/check-images.js';

const png = (width: number, height: number): Buffer => PNG.sync.write(new PNG({ width, height }));

function judged(role: string, name: string, [width, height]: readonly [number, number]) {
  const design = passTypeDesign.parse({
    name: 'card',
    id: 'ptk_0x1',
    description: 'Card',
    organizationName: 'Kestrel',
    fields: [],
    apple: { passTypeIdentifier: 'pass.com.example.card', style: 'eventTicket', images: { [role]: 'picture' } },
  });
  return checkImages('pass-types/card', new Map([[name, png(width, height)]]), design);
}
const weight = (...args: Parameters<typeof judged>): string =>
  judged(...args)
    .map(({ severity }) => severity ?? 'refused')
    .join();

/** Role, a right size in points, an older one if Apple had one, and a wrong one that phones bear. */
const SIZES: [role: string, right: [number, number], older: [number, number] | null, wrong: [number, number]][] = [
  ['icon', [38, 38], [29, 29], [60, 60]],
  ['logo', [160, 50], [50, 50], [161, 50]],
  ['primaryLogo', [126, 30], [30, 30], [126, 40]],
  ['secondaryLogo', [135, 12], [12, 12], [136, 12]],
  ['strip', [375, 144], [375, 123], [320, 110]],
  ['thumbnail', [90, 90], [60, 90], [50, 90]],
  ['background', [345, 505], [180, 220], [400, 505]],
  ['artwork', [358, 448], null, [448, 358]],
  ['footer', [286, 15], [268, 15], [286, 20]],
];

for (const [role, right, older, wrong] of SIZES) {
  test(`${role}: the right size passes in every scale, another is told, one far too large is refused`, () => {
    for (const scale of [1, 2, 3]) {
      const name = scale === 1 ? 'picture.png' : `picture@${scale}x.png`;
      const times = ([width, height]: [number, number]): [number, number] => [width * scale, height * scale];
      assert.equal(weight(role, name, times(right)), '', `${role} ${scale}x`);
      if (older) assert.equal(weight(role, name, times(older)), '', `${role} ${scale}x, older`);
      assert.equal(weight(role, name, times(wrong)), 'warning', `${role} ${scale}x, wrong`);
    }
    assert.equal(weight(role, 'picture.png', [right[0] * 2 + 1, right[1] * 2 + 1]), 'refused');
    const [told] = judged(role, 'picture@2x.png', [wrong[0] * 2, wrong[1] * 2]);
    assert.match(told!.cure, new RegExp(`${right[0] * 2} x ${right[1] * 2} pixels`));
  });
}

test('an image that nothing names is told, with the name that it may have been meant for', () => {
  const design = (images: object, more: object = {}) =>
    passTypeDesign.parse({
      name: 'card',
      id: 'ptk_0x1',
      description: 'Card',
      organizationName: 'Kestrel',
      fields: [{ apiFieldName: 'tier', type: 'text' }],
      visuals: { strip: { from: 'tier', cases: { gold: 'strip-gold' }, default: 'strip-basic' } },
      apple: { passTypeIdentifier: 'pass.com.example.card', style: 'storeCard', images, ...more },
    });
  const files = new Map(
    ['icon.png', 'strip-gold.png', 'strip-glod@2x.png', 'picnic.png', 'logo-de.png'].map((name) => [name, png(29, 29)]),
  );
  const localizations = { de: { images: { logo: 'logo-de' } } };
  const unused = (judgedDesign: ReturnType<typeof design>) =>
    checkImages('pass-types/card', files, judgedDesign)
      .filter(({ message }) => message.startsWith('no role'))
      .map(({ file, cure, severity }) => [file, cure, severity]);
  assert.deepEqual(unused(design({ icon: 'icon', strip: '{{visual.strip}}' }, { localizations })), [
    ['pass-types/card/strip-glod@2x.png', 'rename it if it is "strip-gold", or remove it.', 'warning'],
    ['pass-types/card/picnic.png', 'name it in apple.images, or remove it.', 'warning'],
  ]);
  assert.deepEqual(unused(design({ icon: 'icon', strip: '{{tier}}' })), [], 'any file may be the value of a field');
});
