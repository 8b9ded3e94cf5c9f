import { createHash } from 'node:crypto';

/** Text made safe between tags and inside quoted attributes. */
export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);

const STYLE = `
:root { color-scheme: light dark; --text: #1b1b1f; --page: #fff; --code: #f2f2f5; --line: #ddd; --link: #0b57d0; }
@media (prefers-color-scheme: dark) { :root { --text: #f2f1ef; --page: #121212; --code: #242427; --line: #3a3937; --link: #a8c7fa; } }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: var(--text); background: var(--page); }
a { color: var(--link); }
code, pre { font: 14px/1.5 ui-monospace, monospace; background: var(--code); border-radius: 4px; padding: 0 0.25em; }
code { overflow-wrap: anywhere; }
td code { overflow-wrap: break-word; }
pre { padding: 0.75rem; white-space: pre-wrap; overflow-wrap: anywhere; }
h2 { margin: 2.5rem 0 0.5rem; line-height: 1.3; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: 0.35rem 0.75rem 0.35rem 0; border-bottom: 1px solid var(--line); }
`;
const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');

/** A small page of the API's own documentation: no script, nothing from elsewhere. */
export const documentPage = (title: string, body: string): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${escapeHtml(title)}</h1>
${body}
</main>
</body>
</html>
`;

/** Headers of a page that needs nothing but its own style sheet; browsers count the icon as an image. */
export const PAGE_HEADERS = {
  'Content-Security-Policy': `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; img-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'`,
} as const;
