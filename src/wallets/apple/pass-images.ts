import { createHash } from 'node:crypto';
import { PermanentError } from '../../common/errors.js';
import type { PassTypeDesign } from '../../passes/pass-type.js';
import { renderText, type View } from '../../passes/render.js';
import { crc32 } from './crc32.js';

/** A file with all that signing and zipping need to know of its bytes, computed once per template. */
export interface PreparedFile {
  bytes: Buffer;
  /** Lower-case hex; the manifest's digest is SHA-1 by Apple's rule. */
  sha1: string;
  crc32: number;
  size: number;
}

/** A prepared file under its name inside the pass: `icon@2x.png`, `de.lproj/pass.strings`. */
export interface ArchiveEntry {
  name: string;
  file: PreparedFile;
}

export function prepareFile(bytes: Buffer): PreparedFile {
  return { bytes, sha1: createHash('sha1').update(bytes).digest('hex'), crc32: crc32(bytes), size: bytes.length };
}

/** Prepares the images of one template version by file name. Keep the result as long as the version: hashing is half the cost of a pass. */
export function prepareImages(files: readonly { name: string; bytes: Buffer }[]): Map<string, PreparedFile> {
  return new Map(files.map(({ name, bytes }) => [name, prepareFile(bytes)]));
}

const SCALES = ['', '@2x', '@3x'] as const;

/** File names that may hold one image, base scale first; `icon` and `icon.png` mean the same. */
export function imageFileNames(base: string): string[] {
  const stem = base.replace(/(@[23]x)?\.png$/i, '');
  return SCALES.map((scale) => `${stem}${scale}.png`);
}

/**
 * Images of one pass as archive entries, ordered by name. A role may name its file by a placeholder (`{{visual.strip}}`);
 * an optional image whose file is missing is left out, because a pass without a strip is better than none.
 * Throws PermanentError without an icon: such a pass does not install.
 */
export function selectImages(
  design: PassTypeDesign,
  view: View,
  available: ReadonlyMap<string, PreparedFile>,
): ArchiveEntry[] {
  const entries: ArchiveEntry[] = [];
  const collect = (images: Readonly<Record<string, string>>, folder: string): void => {
    for (const [role, template] of Object.entries(images)) {
      const names = imageFileNames(renderText(template, view));
      names.forEach((name, index) => {
        const file = available.get(name);
        if (file) entries.push({ name: `${folder}${role}${SCALES[index]!}.png`, file });
      });
    }
  };
  collect(design.apple?.images ?? {}, '');
  for (const [language, { images }] of Object.entries(design.apple?.localizations ?? {})) {
    collect(images, `${language}.lproj/`);
  }
  if (!entries.some((entry) => /^icon(@2x)?\.png$/.test(entry.name))) {
    throw new PermanentError(
      'icon-missing',
      `Pass type ${design.name} has no icon: put icon.png and icon@2x.png into pass-types/${design.name}/ and name them in apple.images.icon.`,
    );
  }
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
}
