import type { Sql } from '../database/connect.js';
import { getImage, listPassTypes } from '../database/tenants/pass-types.js';
import type { FolderProblem } from './folder-problem.js';
import { judgeDesign } from './judge-design.js';

/**
 * What the rules of this version say of a tenant's stored designs, errors and warnings alike. A stored design stays
 * usable: what phones would refuse is left out of its passes.
 */
export async function checkStoredDesigns(sql: Sql): Promise<FolderProblem[]> {
  const problems: FolderProblem[] = [];
  for (const { design, images } of await listPassTypes(sql)) {
    const bytes = new Map<string, Buffer>();
    for (const [name, sha256] of Object.entries(images)) {
      const image = await getImage(sql, sha256);
      if (image) bytes.set(name, image);
    }
    problems.push(...judgeDesign(`pass-types/${design.name}.json`, design, bytes));
  }
  return problems;
}
