import { createRequire } from "node:module";
import { build } from "esbuild";
import { z } from "zod";
import { ROOT } from "../paths.ts";

const moduleSchema = z.object({ document: z.promise(z.record(z.string(), z.unknown())) });

/**
 * The OpenAPI document of the API as the code is now, made from the server's own routes without starting it: what only
 * workerd has is replaced by empty stand-ins, because describing a route uses none of it.
 * @param origin scheme and host of the service.
 */
export async function apiDocument(origin = "http://localhost"): Promise<Record<string, unknown>> {
  const built = await build({
    stdin: {
      contents: `
        import { createApi } from "./src/api.ts";
        import { openApiDocument } from "./src/ops/api-document.ts";
        export const document = openApiDocument(createApi(), ${JSON.stringify(origin)});
      `,
      resolveDir: ROOT,
      loader: "ts",
    },
    bundle: true,
    format: "cjs",
    platform: "node",
    write: false,
    logLevel: "error",
    plugins: [
      {
        name: "no-workerd",
        setup(on) {
          on.onResolve({ filter: /^cloudflare:/ }, ({ path }) => ({ path, namespace: "workerd" }));
          on.onLoad({ filter: /.*/, namespace: "workerd" }, () => ({
            contents: `
              export class DurableObject {}
              export class WorkerEntrypoint {}
              export const env = {};
              export const waitUntil = () => {};
            `,
          }));
        },
      },
    ],
  });
  const code = built.outputFiles[0]?.text;
  if (code === undefined) throw new Error("the API could not be bundled");
  const module: { exports: unknown } = { exports: {} };
  new Function("module", "exports", "require", code)(module, module.exports, createRequire(import.meta.url));
  return (await moduleSchema.parseAsync(module.exports)).document;
}
