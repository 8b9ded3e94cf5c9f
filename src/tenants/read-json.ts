/** JSON text parsed, or where and why it is none. */
export function readJson(text: string): { value: unknown } | { message: string; cure: string } {
  try {
    return { value: JSON.parse(text.replace(/^\uFEFF/, '')) as unknown };
  } catch (error) {
    const said = (error as Error).message;
    const offset = /position (\d+)/.exec(said)?.[1];
    // Node 20 names no position for a text that ends too early.
    const before = text.slice(0, offset === undefined ? text.length : Number(offset)).split('\n');
    const place = `line ${before.length}, column ${before.at(-1)!.length + 1}`;
    return {
      message: `the file is not JSON: it breaks at ${place}.`,
      cure: `check ${place} for a missing or extra comma, quote or bracket; comments are not allowed.`,
    };
  }
}
