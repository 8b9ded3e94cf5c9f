import { z } from 'zod';

const list = z.looseObject({ type: z.literal('list'), id: z.string() });

/** `data` of a bulk import; its profiles have the attributes and the meta of a single one. */
export const profileBulkImport = <A extends z.ZodType, M extends z.ZodType>(attributes: A, meta: M) =>
  z.looseObject({
    type: z.literal('profile-bulk-import-job'),
    attributes: z.looseObject({
      profiles: z.looseObject({
        data: z.array(z.looseObject({ type: z.literal('profile'), id: z.string().nullish(), attributes, meta })),
      }),
    }),
    relationships: z.looseObject({ lists: z.looseObject({ data: z.array(list).optional() }).optional() }).optional(),
  });
