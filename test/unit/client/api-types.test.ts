import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { renderTypes, withRules } from "../../../scripts/client-types.ts";
import { apiDocument } from "../../../scripts/lib/reference/api-document.ts";

const FILE = join(import.meta.dirname, "../../../src/client/api-types.ts");

function typesOf(schemas: Record<string, unknown>, paths: Record<string, unknown> = {}): string {
  return renderTypes({ paths, components: { schemas } });
}

describe("the client's types", () => {
  it("are equal to those of the present API; `node scripts/client-types.ts` writes them", async () => {
    const document = withRules(await apiDocument());
    const written = readFileSync(FILE, "utf8");
    expect(written).toBe(renderTypes(document));
    const other = JSON.parse(JSON.stringify(document).replaceAll("is_locked", "is_shut"));
    expect(renderTypes(other)).not.toBe(written);
  }, 60_000);

  it("have the fields that the schema has", () => {
    const types = typesOf({
      Item: {
        type: "object",
        required: ["id", "kind"],
        properties: {
          id: { type: "string", description: "Opaque." },
          kind: { type: "string", enum: ["a", "b"] },
          rows: { type: "array", items: { $ref: "#/components/schemas/Row" } },
          until: { type: ["string", "null"] },
          "odd-name": { type: "integer" },
          free: {},
        },
      },
      Row: { anyOf: [{ type: "boolean" }, { type: "object", additionalProperties: { type: "number" } }] },
      Both: { allOf: [{ $ref: "#/components/schemas/Item" }, { type: "object", properties: { x: { const: 1 } } }] },
    });
    expect(types).toContain("/** Opaque. */\n  id: string;");
    expect(types).toContain('  kind: "a" | "b";');
    expect(types).toContain("  rows?: Row[];");
    expect(types).toContain("  until?: string | null;");
    expect(types).toContain('  "odd-name"?: number;');
    expect(types).toContain("  free?: unknown;");
    expect(types).toContain("export type Row = boolean | Record<string, number>;");
    expect(types).toContain("export type Both = Item & {\n  x?: 1;\n};");
  });

  it("do not contain routes that answer with a stream", () => {
    const answer = (type: string) => ({ get: { responses: { 200: { content: { [type]: { schema: {} } } } } } });
    const types = typesOf({}, { "/live": answer("text/event-stream"), "/list": answer("application/json") });
    expect(types).toContain('"/list": {');
    expect(types).not.toContain("/live");
  });

  it("list as repeatable only the writes that take an idempotency key", () => {
    const key = { name: "idempotency-key", in: "header", schema: { type: "string" } };
    const types = typesOf({}, { "/a": { post: { parameters: [key] }, put: {} }, "/b": { post: {} } });
    expect(types).toMatch(/new Set\(\["POST \/a"\]\)/);
  });
});
