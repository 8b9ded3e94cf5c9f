import type { NativeConnection } from '@temporalio/worker';
import type { Logger } from 'pino';
import { SEARCH_ATTRIBUTES } from '../workflows/search-attributes.js';

/** temporal.api.enums.v1.IndexedValueType. */
const TYPES = { Keyword: 2, KeywordList: 7 } as const;
const NAMES = Object.keys(SEARCH_ATTRIBUTES);

/**
 * Registers the search attributes that our workflows set, where the server lets us. A start with an unknown one fails.
 * Returns whether this call made any.
 * @throws Error naming those that are missing and the command that adds them.
 */
export async function ensureSearchAttributes(
  connection: NativeConnection,
  namespace: string,
  log: Logger,
): Promise<boolean> {
  const missing = async (): Promise<string[]> => {
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
    return NAMES.filter((name) => !(name in (customAttributes ?? {})));
  };
  let absent: string[];
  try {
    absent = await missing();
  } catch (err) {
    // Temporal Cloud keeps this service to itself; there the attributes are part of the namespace's settings.
    log.warn({ err }, `cannot check the search attributes ${NAMES.join(', ')}; they must exist`);
    return false;
  }
  if (absent.length === 0) return false;
  try {
    const searchAttributes = Object.fromEntries(absent.map((name) => [name, TYPES[SEARCH_ATTRIBUTES[name]!]]));
    await connection.operatorService.addSearchAttributes({ namespace, searchAttributes });
    return true;
  } catch (cause) {
    // Another worker may have been quicker.
    absent = await missing();
    if (absent.length === 0) return false;
    const commands = absent.map(
      (name) => `temporal operator search-attribute create --name ${name} --type ${SEARCH_ATTRIBUTES[name]}`,
    );
    throw new Error(
      `The namespace ${namespace} lacks search attributes and does not let us add them: ${commands.join('; ')}`,
      { cause },
    );
  }
}
