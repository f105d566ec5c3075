import { exports } from "cloudflare:workers";
import { expect, it } from "vitest";
import page from "../../../docs/developers/routes.md?raw";
import { renderRouteTable } from "../../../scripts/lib/route-table.ts";

it("docs/developers/routes.md agrees with the routes; `npm run docs:routes` writes it again", async () => {
  const answer = await exports.default.fetch(new Request("http://latchkey.test/openapi.json"));
  expect(page).toBe(renderRouteTable(await answer.json()));
});
