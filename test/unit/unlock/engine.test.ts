import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { sha256Hex } from "../../../src/platform/hash.ts";
import { ENGINE, ENGINE_DIGEST, ENGINE_SOURCES } from "../../../src/unlock/engine.ts";

it("[I2] the evaluator has the digest in ENGINE_DIGEST: raise ENGINE too if answers can differ", async () => {
  const sources = ENGINE_SOURCES.map((file) => readFileSync(`src/unlock/${file}`, "utf8")).join("");
  expect(await sha256Hex(sources), `ENGINE is ${ENGINE}; see src/unlock/engine.ts`).toBe(ENGINE_DIGEST);
});
