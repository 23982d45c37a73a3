# A Node.js service on a base without a shell, its Cloud SQL database at
# 127.0.0.1:5432. Build fairlead's image first (docker/Dockerfile).
#
#     docker build -f docker/examples/nodejs.Dockerfile -t orders tests/demo/app

FROM node:20-bookworm-slim AS app
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev
COPY app.js ./

FROM gcr.io/distroless/nodejs20-debian12
COPY --from=fairlead /fairlead /fairlead
COPY --from=app /app /app
WORKDIR /app
ENV DB_NAME=orders
ENTRYPOINT ["/fairlead", "my-project:us-central1:orders", "--port", "5432", \
	"--restart", "on-failure:3", "--", "/nodejs/bin/node"]
CMD ["app.js"]
