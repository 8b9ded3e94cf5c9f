import type { PassTypeDesign } from '../passes/pass-type.js';
import type { FolderProblem } from './folder-problem.js';

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** Width and height in pixels out of a PNG's header; undefined where the bytes are no PNG. */
export function pngSize(bytes: Buffer): { width: number; height: number } | undefined {
  if (bytes.length < 33 || !bytes.subarray(0, 8).equals(SIGNATURE)) return undefined;
  if (bytes.toString('latin1', 12, 16) !== 'IHDR') return undefined;
  return { width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) };
}

/** The largest image of each role that still makes sense, in points; Wallet scales down, so this is twice what it shows. */
const MAX_POINTS: Readonly<Record<string, readonly [width: number, height: number]>> = {
  icon: [76, 76],
  logo: [320, 100],
  strip: [750, 290],
  background: [360, 440],
  thumbnail: [180, 180],
  footer: [572, 30],
};
const MAX_POINTS_OTHER = [1000, 1000] as const;

const parse = (file: string): { stem: string; scale: 1 | 2 | 3 } => {
  const [, stem = file, scale] = /^(.*?)(?:@([23])x)?\.png$/i.exec(file) ?? [];
  return { stem, scale: scale === '2' ? 2 : scale === '3' ? 3 : 1 };
};

/** The role that a design gives to a file, as far as the names tell: a placeholder's text around it counts. */
function roleOf(stem: string, design: PassTypeDesign): string {
  const entries = [
    ...Object.entries(design.apple?.images ?? {}),
    ...Object.values(design.apple?.localizations ?? {}).flatMap(({ images }) => Object.entries(images)),
  ];
  const values = (template: string): string[] => {
    const name = /^\{\{\s*visual\.([\w.-]+)\s*\}\}$/.exec(template)?.[1];
    const visual = name === undefined ? undefined : design.visuals[name];
    return visual && 'cases' in visual ? [...Object.values(visual.cases), visual.default ?? ''] : [template];
  };
  const bare = (name: string) => name.replace(/(@[23]x)?\.png$/i, '');
  return entries.find(([, template]) => values(template).some((name) => bare(name) === stem))?.[0] ?? '';
}

/** Whether the files are PNGs of a size that phones take, and whether @2x and @3x belong to their base image. */
export function checkImages(
  folder: string,
  images: ReadonlyMap<string, Buffer>,
  design: PassTypeDesign,
): FolderProblem[] {
  const problems: FolderProblem[] = [];
  const add = (name: string, message: string, cure: string) =>
    void problems.push({ file: `${folder}/${name}`, path: '', message, cure });
  const sizes = new Map<string, { width: number; height: number }>();
  for (const [name, bytes] of images) {
    const size = pngSize(bytes);
    if (size && size.width > 0 && size.height > 0) sizes.set(name, size);
    else add(name, 'the file is not a PNG image, whatever its name says.', 'export the image as PNG again.');
  }
  for (const [name, { width, height }] of sizes) {
    const { stem, scale } = parse(name);
    const role = roleOf(stem, design);
    const [maxWidth, maxHeight] = MAX_POINTS[role] ?? MAX_POINTS_OTHER;
    if (width > maxWidth * scale || height > maxHeight * scale) {
      add(
        name,
        `the image has ${width} x ${height} pixels, more than ${role === '' ? 'a pass' : `its role "${role}"`} can use.`,
        `scale it to at most ${maxWidth * scale} x ${maxHeight * scale} pixels.`,
      );
    }
    if (role === 'icon' && width !== height) {
      add(name, `the icon has ${width} x ${height} pixels.`, 'make it square: 29, 58 (@2x) and 87 (@3x) pixels.');
    }
    const base = sizes.get(`${stem}.png`);
    if (scale > 1 && base && (width !== base.width * scale || height !== base.height * scale)) {
      add(
        name,
        `the image has ${width} x ${height} pixels, but ${stem}.png has ${base.width} x ${base.height}.`,
        `make it ${base.width * scale} x ${base.height * scale} pixels, or correct ${stem}.png.`,
      );
    }
  }
  return problems;
}
