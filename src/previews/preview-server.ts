import { createHash } from 'node:crypto';
import { watch } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Editors write a file in several strokes; the page is made once they are still. */
const STILL_MS = 150;
const RELOAD = `new EventSource('/changes').onmessage = () => location.reload();`;

/** A page and its images, by their addresses beside it. */
export interface PreviewFiles {
  html: string;
  files: ReadonlyMap<string, Buffer>;
}

export interface PreviewServer {
  url: string;
  close(): Promise<void>;
}

/**
 * Shows a page on this machine only and reloads it whenever a file below `folder` changes. `render` makes
 * the page; where it throws, the page shows the message until the next change.
 */
export async function servePreview(options: {
  folder: string;
  port: number;
  render(): Promise<PreviewFiles>;
  changed(): void;
}): Promise<PreviewServer> {
  const readers = new Set<ServerResponse>();
  const reloadHash = createHash('sha256').update(RELOAD).digest('base64');
  const escape = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

  let images: ReadonlyMap<string, Buffer> = new Map();
  async function content(): Promise<string> {
    const made = await options.render().catch((error: Error) => ({
      html: `<!doctype html><title>Preview</title><body><pre>${escape(error.message)}</pre></body>`,
      files: images,
    }));
    images = made.files;
    return made.html.replace('</body>', `<script>${RELOAD}</script></body>`);
  }

  const server = createServer((request, response) => {
    if (request.url === '/changes') {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
      response.write(': watching\n\n');
      readers.add(response);
      response.on('close', () => readers.delete(response));
      return;
    }
    const image = images.get(decodeURI((request.url ?? '/').slice(1)));
    if (image) {
      response.writeHead(200, { 'content-type': 'image/png', 'cache-control': 'no-store' }).end(image);
      return;
    }
    void content().then((html) => {
      response.writeHead(200, {
        'content-type': 'text/html; charset=utf-8',
        'cache-control': 'no-store',
        'content-security-policy': `default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; connect-src 'self'; script-src 'sha256-${reloadHash}'`,
      });
      response.end(html);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(options.port, '127.0.0.1', resolve);
  });

  let timer: NodeJS.Timeout | undefined;
  const watcher = watch(options.folder, { recursive: true }, () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      options.changed();
      for (const reader of readers) reader.write('data: changed\n\n');
    }, STILL_MS);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      clearTimeout(timer);
      watcher.close();
      for (const reader of readers) reader.end();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
