let currencies: ReadonlySet<string> | undefined;

/** Whether this is a code of ISO 4217 in capitals, as this version of Node knows them. */
export const isCurrency = (code: string): boolean =>
  (currencies ??= new Set(Intl.supportedValuesOf('currency'))).has(code);
