import { copyFileSync } from 'node:fs';
import { createRequire } from 'node:module';

// Part of `npm run build`: lays the reader of /docs beside the built sources, so that an image needs one file of its package
// and none of what that package installs.
const { resolve } = createRequire(import.meta.url);
const into = (name) => new URL(`../dist/${name}`, import.meta.url);
copyFileSync(resolve('openapi-explorer/dist/browser/openapi-explorer.min.js'), into('openapi-explorer.min.js'));
copyFileSync(resolve('openapi-explorer/LICENSE'), into('openapi-explorer.LICENSE'));
