import { readAs } from '../common/explain-issue.js';
import { passTypeDesign } from '../passes/pass-type.js';
import { checkPassType } from './check-folder.js';
import type { FolderProblem } from './folder-problem.js';
import { isMended, mendShape } from './mend-shape.js';

/**
 * What the rules say of a design whatever its shape: each place where the shape is wrong, and what every other rule says
 * of the rest.
 */
export function judgeDesign(file: string, json: unknown, images: Map<string, Buffer>): FolderProblem[] {
  const read = readAs(passTypeDesign, json, { whole: 'the design', page: 'docs/tenants.md' });
  if ('value' in read) return checkPassType({ file, design: read.value, images });
  const rest = mendShape(passTypeDesign, json);
  return [
    ...read.problems.map(({ path, message, cure }) => ({ file, path, message, cure })),
    ...(rest ? checkPassType({ file, design: rest.value, images }) : []).filter(
      ({ path }) => !isMended(path, rest!.mended),
    ),
  ];
}
