import { nearest } from '../common/nearest-name.js';
import type { PassTypeDesign } from '../passes/pass-type.js';
import { possibleValues } from '../passes/possible-values.js';
import { roleNamed, unfitSize } from '../wallets/apple/image-roles.js';
import type { FolderProblem } from './folder-problem.js';

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** Width and height in pixels out of a PNG's header; undefined where the bytes are no PNG. */
export function pngSize(bytes: Buffer): { width: number; height: number } | undefined {
  if (bytes.length < 33 || !bytes.subarray(0, 8).equals(SIGNATURE)) return undefined;
  if (bytes.toString('latin1', 12, 16) !== 'IHDR') return undefined;
  return { width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) };
}

/** Beyond twice the size that a phone draws an image is only weight; a role without a size has this in points. */
const MOST_POINTS = 1000;
const mostPixels = (role: string, scale: number): [width: number, height: number] => {
  const points = roleNamed(role)?.points;
  const [width, height] = points ? points.map((one) => one * 2) : [MOST_POINTS, MOST_POINTS];
  return [width! * scale, height! * scale];
};

const parse = (file: string): { stem: string; scale: 1 | 2 | 3 } => {
  const [, stem = file, scale] = /^(.*?)(?:@([23])x)?\.png$/i.exec(file) ?? [];
  return { stem, scale: scale === '2' ? 2 : scale === '3' ? 3 : 1 };
};

const bare = (name: string): string => name.replace(/(@[23]x)?\.png$/i, '');

interface NamedImages {
  /** Roles by the name without scale. */
  roles: Map<string, Set<string>>;
  /** Templates whose values come with the data of passes: any file may be theirs. */
  isOpen: boolean;
}

/** The roles that a design gives to its files, as far as the values can be known. */
function namedImages(design: PassTypeDesign): NamedImages {
  const roles = new Map<string, Set<string>>();
  let isOpen = false;
  const entries = [
    ...Object.entries(design.apple?.images ?? {}),
    ...Object.values(design.apple?.localizations ?? {}).flatMap(({ images }) => Object.entries(images)),
  ];
  for (const [role, template] of entries) {
    const values = possibleValues(template, design);
    isOpen ||= values === undefined;
    for (const value of values ?? []) {
      roles.set(bare(value), (roles.get(bare(value)) ?? new Set()).add(role));
    }
  }
  return { roles, isOpen };
}

/** Whether the files are PNGs of a size that phones take, and whether @2x and @3x belong to their base image. */
export function checkImages(
  folder: string,
  images: ReadonlyMap<string, Buffer>,
  design: PassTypeDesign,
): FolderProblem[] {
  const problems: FolderProblem[] = [];
  const add = (name: string, message: string, cure: string, severity?: 'warning') =>
    void problems.push({ file: `${folder}/${name}`, path: '', message, cure, ...(severity && { severity }) });
  const sizes = new Map<string, { width: number; height: number }>();
  for (const [name, bytes] of images) {
    const size = pngSize(bytes);
    if (size && size.width > 0 && size.height > 0) sizes.set(name, size);
    else add(name, 'the file is not a PNG image, whatever its name says.', 'export the image as PNG again.');
  }
  const { roles, isOpen } = namedImages(design);
  for (const name of isOpen ? [] : images.keys()) {
    const { stem } = parse(name);
    if (roles.has(stem)) continue;
    const near = nearest(stem, [...roles.keys()]);
    const cure = near ? `rename it if it is "${near}", or remove it.` : 'name it in apple.images, or remove it.';
    add(name, 'no role and no visual names this image, so no pass shows it.', cure, 'warning');
  }
  for (const [name, { width, height }] of sizes) {
    const { stem, scale } = parse(name);
    const has = `the image has ${width} x ${height} pixels`;
    const known = [...(roles.get(stem) ?? [])];
    for (const role of known.length > 0 ? known : ['']) {
      const [most, high] = mostPixels(role, scale);
      if (width > most || height > high) {
        const where = role === '' ? 'a pass' : `its role "${role}"`;
        add(name, `${has}, more than ${where} can use.`, `scale it to at most ${most} x ${high} pixels.`);
      } else if (role === 'icon' && width !== height) {
        const sides = [38, 76, 114].join(', ');
        add(name, `the icon has ${width} x ${height} pixels.`, `make it square: ${sides} (1x, @2x, @3x) pixels.`);
      } else {
        const unfit = unfitSize(role, [width, height], scale);
        if (unfit) add(name, `${has}; as "${role}" ${unfit.says}.`, unfit.cure, 'warning');
      }
    }
    const base = sizes.get(`${stem}.png`);
    if (scale > 1 && base && (width !== base.width * scale || height !== base.height * scale)) {
      add(
        name,
        `${has}, but ${stem}.png has ${base.width} x ${base.height}.`,
        `make it ${base.width * scale} x ${base.height * scale} pixels, or correct ${stem}.png.`,
      );
    }
  }
  return problems;
}
