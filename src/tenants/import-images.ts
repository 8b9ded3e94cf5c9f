import { PNG } from 'pngjs';
import { roleNamed } from '../wallets/apple/image-roles.js';
import { pngSize } from './check-images.js';
import { languageOf } from './import-texts.js';
import type { BundleFiles } from './read-bundle.js';

export interface ImportedImages {
  /** File name to bytes. */
  images: Map<string, Buffer>;
  /** Role to base file name. */
  roles: Record<string, string>;
  /** Language to roles of its own images. */
  localized: Map<string, Record<string, string>>;
  /** Names of the files of the bundle that became images. */
  taken: Set<string>;
}

const IMAGE = /^(?:([^/]+)\.lproj\/)?([A-Za-z]+)(@[23]x)?\.png$/;

/** Half the size, each pixel the mean of four: for the base image that Pass Designer does not write. */
function halved(bytes: Buffer): Buffer {
  const large = PNG.sync.read(bytes);
  const [width, height] = [Math.max(1, large.width >> 1), Math.max(1, large.height >> 1)];
  const small = new PNG({ width, height });
  const at = (x: number, y: number, channel: number): number =>
    large.data[(Math.min(y, large.height - 1) * large.width + Math.min(x, large.width - 1)) * 4 + channel]!;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < 4; c++) {
        const sum =
          at(2 * x, 2 * y, c) + at(2 * x + 1, 2 * y, c) + at(2 * x, 2 * y + 1, c) + at(2 * x + 1, 2 * y + 1, c);
        small.data[(y * width + x) * 4 + c] = Math.round(sum / 4);
      }
    }
  }
  return PNG.sync.write(small);
}

/** Beyond so many pixels a side no phone draws an image, and reading it costs memory. */
const MOST_PIXELS = 4_000;

/** Why a file is no image of a pass; undefined where it is one. */
function unfit(role: string, bytes: Buffer): string | undefined {
  const size = pngSize(bytes);
  if (!roleNamed(role)) return 'passes have no image of that name';
  if (!size || size.width === 0 || size.height === 0) return 'it is no PNG';
  return Math.max(size.width, size.height) > MOST_PIXELS
    ? `it has ${size.width} x ${size.height} pixels, more than any phone`
    : undefined;
}

/** The images of a bundle as files of a pass type; a language's own get its tag into their name. */
export function imagesOf(files: BundleFiles, decisions: string[]): ImportedImages {
  const images = new Map<string, Buffer>();
  const roles: Record<string, string> = {};
  const localized = new Map<string, Record<string, string>>();
  const taken = new Set<string>();
  for (const [name, bytes] of files) {
    const [, folder, role, scale = ''] = IMAGE.exec(name) ?? [];
    const language = folder === undefined ? undefined : languageOf(folder);
    if (role === undefined || (folder !== undefined && language === undefined)) continue;
    taken.add(name);
    const why = unfit(role, bytes);
    if (why !== undefined) {
      decisions.push(`${name} was not taken over: ${why}.`);
      continue;
    }
    const base = language === undefined ? role : `${role}-${language}`;
    images.set(`${base}${scale}.png`, bytes);
    if (language === undefined) roles[role] = base;
    else localized.set(language, { ...localized.get(language), [role]: base });
  }
  for (const [name, bytes] of [...images]) {
    const base = name.replace('@2x.png', '.png');
    if (base === name || images.has(base)) continue;
    try {
      images.set(base, halved(bytes));
      decisions.push(`${base} was made from ${name}: look at it, small images want lines of their own.`);
    } catch {
      // Broken inside, though its header is one of a PNG.
      images.delete(name);
      decisions.push(`${name} was not taken over: the PNG is broken inside. Export it again.`);
    }
  }
  if (!('icon' in roles))
    decisions.push('The bundle has no icon: add icon.png, icon@2x.png and icon@3x.png, 38 points square.');
  return { images, roles, localized, taken };
}
