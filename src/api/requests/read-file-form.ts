import type { IncomingMessage } from 'node:http';
import { PassThrough, type Readable } from 'node:stream';
import { Busboy, type BusboyHeaders } from '@fastify/busboy';
import { cleanText } from '../../common/clean-text.js';
import { ApiError } from '../problems.js';

/** A posted form with one file: the fields before it, and the file as it arrives; null where none was chosen. */
export interface FileForm {
  fields: Record<string, string>;
  file: Readable | null;
}

const LIMITS = { fields: 10, fieldNameSize: 100, fieldSize: 4_096, files: 1, parts: 12, headerPairs: 20 };

/** RFC 2046 allows a boundary of 70 characters. */
const FORM = /^multipart\/form-data\s*;(?:[^"]{0,200};)?\s*boundary=(?:"[^"]{1,70}"|[^\s;"]{1,70})(?:\s*;|\s*$)/i;

const brokenOff = (cause: unknown): ApiError =>
  new ApiError('invalid-request', 'The form could not be read: it ends before its file does.', { cause });

/** The fields of a posted form (`multipart/form-data`) up to its file, which fails where it breaks off. */
export function readFileForm(request: IncomingMessage): Promise<FileForm> {
  const type = request.headers['content-type'] ?? '';
  return new Promise((resolve, reject) => {
    const refuse = (message: string): void => reject(new ApiError('invalid-request', message));
    if (!FORM.test(type)) return refuse('This address takes the form of its page, with a file.');
    const fields: Record<string, string> = {};
    // A stream of ours: the parser ends its own with an error of its own.
    const file = new PassThrough();
    // Its reader gets the error; without a reader it must not end the process.
    file.on('error', () => undefined);
    const parser = new Busboy({ headers: request.headers as BusboyHeaders, limits: LIMITS });
    const stop = (cause: unknown): void => {
      reject(brokenOff(cause));
      file.destroy(brokenOff(cause));
      request.unpipe(parser);
      request.resume();
    };
    parser.on('field', (name, value) => void (fields[cleanText(name)] = cleanText(value)));
    parser.on('file', (_name, stream, filename) => {
      // A browser sends a control without a file as one without a name.
      if (!filename) return void stream.on('error', stop).resume();
      stream.on('error', stop).pipe(file);
      resolve({ fields, file });
    });
    parser.on('finish', () => resolve({ fields, file: null }));
    parser.on('error', stop);
    request.on('aborted', () => stop(new Error('The connection closed before the file was complete.')));
    request.pipe(parser);
  });
}
