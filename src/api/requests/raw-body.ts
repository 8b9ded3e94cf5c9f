import type { IncomingMessage } from 'node:http';
import { ApiError } from '../problems.js';

export const BODY_LIMIT_BYTES = 256 * 1024;

const tooLarge = (limit: number) =>
  new ApiError('body-too-large', `The body is larger than ${limit / 1024} KB. Send only what the pass shows.`);

/**
 * The body as bytes, whatever its content type says, before anything parses it. Beyond the limit it throws
 * `body-too-large`; the rest is left to Node, which discards it, so that the sender can still read the answer.
 */
export async function readRawBody(request: IncomingMessage, limit = BODY_LIMIT_BYTES): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > limit) throw tooLarge(limit);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const settle = (act: () => void) => {
      request.off('data', onData).off('end', onEnd).off('error', onError).off('close', onError);
      act();
    };
    const onData = (chunk: Buffer) => {
      size += chunk.length;
      if (size <= limit) return void chunks.push(chunk);
      settle(() => reject(tooLarge(limit)));
      request.resume();
    };
    const onEnd = () => settle(() => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, size)));
    const onError = () =>
      settle(() => reject(new ApiError('malformed-body', 'The connection closed before the body was complete.')));
    request.on('data', onData).on('end', onEnd).on('error', onError).on('close', onError);
  });
}
