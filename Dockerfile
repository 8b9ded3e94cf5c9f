# One image for every process of Passrelay: API, worker, codec server, migrations, command line.
FROM node:24.21.0-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY . .
# What is for `npm start` alone, or for another platform, stays out: more than half of the image.
RUN npm run build && npm prune --omit=dev --no-audit --no-fund && node scripts/prune-image.js

FROM node:24.21.0-bookworm-slim
# A plain `docker run` is production: payloads encrypted, the demo's keys and http refused.
ENV NODE_ENV=production \
    PASSRELAY_ENV=production \
    METRICS_PORT=9464
WORKDIR /app
COPY --from=build --chown=root:root /app/package.json ./
COPY --from=build --chown=root:root /app/node_modules ./node_modules
COPY --from=build --chown=root:root /app/dist ./dist
COPY --from=build --chown=root:root /app/bin ./bin
COPY --from=build --chown=root:root /app/schemas ./schemas
USER 1000:1000
EXPOSE 8080
# Asks the process of this container, whichever it is. `docker run … node dist/src/check-health.js worker` names one.
HEALTHCHECK --interval=10s --timeout=5s --retries=3 --start-period=20s CMD ["node", "dist/src/check-health.js"]
# No shell in between: the process itself gets SIGTERM and stops in order.
CMD ["node", "dist/src/start-api.js"]
