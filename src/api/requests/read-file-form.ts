import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { Busboy, type BusboyHeaders } from '@fastify/busboy';
import { cleanText } from '../../common/clean-text.js';
import { ApiError } from '../problems.js';

/** A posted form with one file: the fields before it, and the file as it arrives. */
export interface FileForm {
  fields: Record<string, string>;
  file: Readable;
}

const LIMITS = { fields: 10, fieldNameSize: 100, fieldSize: 4_096, files: 1, parts: 12, headerPairs: 20 };

/** The fields of a posted form (`multipart/form-data`) up to its file. Throws where it has no file. */
export function readFileForm(request: IncomingMessage): Promise<FileForm> {
  const type = request.headers['content-type'] ?? '';
  return new Promise((resolve, reject) => {
    const refuse = (message: string): void => reject(new ApiError('invalid-request', message));
    if (!/^multipart\/form-data\s*;.{0,200}\bboundary=/is.test(type)) {
      return refuse('This address takes the form of its page, with a file.');
    }
    const fields: Record<string, string> = {};
    let file: Readable | undefined;
    const parser = new Busboy({ headers: request.headers as BusboyHeaders, limits: LIMITS });
    const stop = (cause: Error): void => {
      refuse('The form could not be read: it ends before its file does.');
      file?.destroy(cause);
      request.unpipe(parser);
      request.resume();
    };
    parser.on('field', (name, value) => void (fields[cleanText(name)] = cleanText(value)));
    parser.on('file', (_name, stream) => {
      file = stream as Readable;
      // Its reader gets the error; without a reader it must not end the process.
      file.on('error', () => undefined);
      resolve({ fields, file });
    });
    parser.on('finish', () => refuse('The form holds no file.'));
    parser.on('error', (error) => stop(error as Error));
    request.on('aborted', () => stop(new Error('The connection closed before the file was complete.')));
    request.pipe(parser);
  });
}
