import { apiDocument } from "./api-document.ts";
import { renderDocs } from "./docs-page.ts";

/** Stands for scheme and host of the service, which src/ops/reference.ts puts in its place. */
const PLACEHOLDER = "https://origin.invalid";

/** The API's description, for tools and for people, as src/ops/reference.ts asks for them below assets/. */
export async function referenceAssets(): Promise<Map<string, Uint8Array>> {
  const document = await apiDocument(PLACEHOLDER);
  return new Map([
    ["assets/openapi.json", Buffer.from(JSON.stringify(document))],
    // No name of a page: those are answered with a redirect to the name without its ending.
    ["assets/reference.txt", Buffer.from(renderDocs(document, { origin: PLACEHOLDER }))],
  ]);
}
