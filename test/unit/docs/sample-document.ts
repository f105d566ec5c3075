/** Everything the reference page can show, in one small OpenAPI document. */
export function sampleDocument(): Record<string, unknown> {
  return {
    openapi: "3.1.0",
    info: { title: "Sample", version: "2.0.0", description: "First `code` line.\n\nSecond paragraph." },
    tags: [
      { name: "unlocks", description: "Who may open what." },
      { name: "empty", description: "No route carries this tag." },
    ],
    paths: {
      "/api/v1/courses/{course}/chapters": {
        parameters: [{ name: "course", in: "path", required: true, schema: { type: "string", example: "algorithms" } }],
        get: {
          summary: "List chapters",
          tags: ["unlocks"],
          parameters: [
            { name: "limit", in: "query", schema: { type: "integer", minimum: 1, maximum: 1000, default: 50 } },
          ],
          responses: {
            200: {
              description: "The chapters.",
              content: { "application/json": { schema: { $ref: "#/components/schemas/ChapterPage" } } },
            },
            304: { description: "Unchanged." },
          },
          "x-policy": { roles: ["learner", "author"], rule: "own enrollment only", max_body: 0, rate: "" },
        },
        post: {
          tags: ["unlocks"],
          deprecated: true,
          requestBody: {
            required: true,
            content: { "application/json": { schema: { $ref: "#/components/schemas/Rule" } } },
          },
          responses: { 201: { description: "Made." } },
          "x-policy": { roles: ["author"], rule: "", max_body: 65_536, rate: "write" },
        },
      },
      "/health": {
        get: { responses: { 200: { description: "Alive." } }, "x-policy": { roles: "public" } },
      },
    },
    components: {
      schemas: {
        ChapterPage: {
          type: "object",
          required: ["results"],
          properties: {
            results: { type: "array", maxItems: 1000, items: { $ref: "#/components/schemas/Chapter" } },
            next_cursor: { type: ["string", "null"] },
          },
        },
        Chapter: {
          type: "object",
          required: ["id"],
          properties: {
            id: { type: "string", minLength: 1, maxLength: 64, pattern: "^[a-z]+$", example: "algorithms.welcome" },
            status: { type: "string", enum: ["locked", "unlocked"] },
            opened_at: { anyOf: [{ type: "string", format: "date-time" }, { type: "null" }] },
            order: { type: "integer", minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
          },
        },
        Rule: {
          description: "A rule may contain rules.",
          oneOf: [
            {
              type: "object",
              required: ["all"],
              properties: { all: { type: "array", items: { $ref: "#/components/schemas/Rule" } } },
            },
            { type: "object", properties: { completed: { type: "string" } } },
          ],
        },
      },
    },
  };
}
