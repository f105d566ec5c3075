import { exports } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { createApi } from "../../../src/api.ts";
import { openApiDocument } from "../../../src/ops/api-document.ts";
import { ROLES, type Role } from "../../../src/platform/roles.ts";
import { API, filledPath, problem, tokenOf } from "../../support/worker/http.ts";

const operationSchema = z.looseObject({
  "x-policy": z.looseObject({ roles: z.union([z.literal("public"), z.array(z.enum(ROLES))]) }),
});

/** Every read of the API, with a role that may make it. */
const reads = Object.entries((await openApiDocument(createApi(), "http://latchkey.test")).paths ?? {}).flatMap(
  ([path, methods]) =>
    Object.entries(methods ?? {}).flatMap(([method, raw]) => {
      if (method !== "get") return [];
      const { roles } = operationSchema.parse(raw)["x-policy"];
      const role: Role = roles === "public" ? "learner" : (roles.at(-1) ?? "admin");
      return [{ operation: `GET ${path}`, path, role }];
    }),
);

describe("an unknown query parameter", () => {
  it.each(reads)("is refused by name: $operation", async ({ path, role }) => {
    const headers = {
      authorization: `Bearer ${await tokenOf("asking", role)}`,
      "cf-connecting-ip": crypto.randomUUID(),
    };
    const answer = await exports.default.fetch(
      new Request(`${API}${filledPath(path)}?surplus=1&surplus=2&Limit=3`, { headers }),
    );
    const { code, errors } = await problem(answer, 400);
    expect({ code, errors }).toMatchObject({
      code: "invalid_input",
      errors: [
        { path: "query.surplus", rule: "unrecognized_keys" },
        { path: "query.Limit", rule: "unrecognized_keys" },
      ],
    });
  });
});
