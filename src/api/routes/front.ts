import { frontPage } from '../../pages/front-page.js';
import { sendPage } from '../page-response.js';
import { none } from '../parameters.js';
import { openRoute, type ApiDeps, type Route } from '../route.js';

/** Somebody opened the bare address, or the operator's without a tenant. */
const PATHS = ['/', '/ops'];

export const frontRoutes = (deps: ApiDeps): Route[] =>
  PATHS.map((path) =>
    openRoute({
      method: 'GET',
      path,
      summary: 'What runs here, and where to go next',
      hidden: true,
      params: none,
      query: none,
      answers: { 200: { description: 'A page' } },
      async handler(ctx) {
        sendPage(ctx, deps, frontPage(deps.demo ?? null));
      },
    }),
  );
