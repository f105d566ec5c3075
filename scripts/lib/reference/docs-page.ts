import { ERRORS } from "../../../src/platform/error-codes.ts";
import { curlOf, exampleOf, jsonBodySchema } from "./docs-example.ts";
import { type ApiModel, type Operation, type Policy, readDocument, type Schema } from "./docs-model.ts";
import { inline, parameterList, prose, schemaBlock, schemaSections } from "./docs-schema.ts";
import { DOCS_STYLE } from "./docs-style.ts";
import { html, Markup, type Part } from "./markup.ts";

/** Where the commands of the page point by default: the local start. */
const DEFAULT_ORIGIN = "http://localhost:8787";

/** A square keyhole, drawn here so that the page asks for no second file. */
const ICON =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Crect width='16' height='16' rx='3' fill='%230b57a4'/%3E%3Cpath d='M8 3a3 3 0 0 0-1.5 5.6L6 13h4l-.5-4.4A3 3 0 0 0 8 3z' fill='%23fff'/%3E%3C/svg%3E";

/**
 * The API reference as one HTML page that needs no script, no second file and no network.
 * @param document the OpenAPI document (3.0 or 3.1), as served at /openapi.json.
 * @param options.origin scheme and host that the example commands call.
 * @throws z.ZodError when the document is no OpenAPI document.
 */
export function renderDocs(document: unknown, options: { origin?: string } = {}): string {
  const model = readDocument(document);
  const anchors = operationAnchors(model);
  const context: Context = { model, anchors, origin: options.origin ?? DEFAULT_ORIGIN };
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${model.title}: API reference</title>
<link rel="icon" href="${new Markup(ICON)}">
<style>${new Markup(DOCS_STYLE)}</style>
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<div class="frame">
<nav aria-label="API reference">${navigation(context)}</nav>
<main id="content" tabindex="-1">
<h1>${model.title}</h1>
<p class="quiet">API reference, version ${model.version}. For tools: <a href="/openapi.json">openapi.json</a></p>
${prose(model.description)}
${groups(context)}
${
  model.schemas.size === 0
    ? null
    : html`<section aria-labelledby="schemas"><h2 id="schemas">Schemas</h2>${schemaSections(model.schemas)}</section>`
}
${errorTable()}
</main>
</div>
</body>
</html>
`;
  return page.toString();
}

interface Context {
  model: ApiModel;
  anchors: ReadonlyMap<Operation, string>;
  origin: string;
}

/** One id per operation, readable and stable: `get-api-v1-courses-course`. */
function operationAnchors(model: ApiModel): Map<Operation, string> {
  const anchors = new Map<Operation, string>();
  const taken = new Set<string>();
  for (const operation of model.groups.flatMap((group) => group.operations)) {
    const base = `${operation.method}${operation.path.replace(/[^A-Za-z0-9]+/g, "-").replace(/-$/, "")}`.toLowerCase();
    let anchor = base;
    for (let copy = 2; taken.has(anchor); copy += 1) anchor = `${base}-${copy}`;
    taken.add(anchor);
    anchors.set(operation, anchor);
  }
  return anchors;
}

function tagAnchor(tag: string): string {
  return `tag-${tag.replace(/[^A-Za-z0-9]+/g, "-").toLowerCase()}`;
}

function navigation({ model, anchors }: Context): Markup {
  const lists = model.groups.map((group) => {
    const links = group.operations.map(
      (operation) =>
        html`<li><a href="#${anchors.get(operation) ?? ""}"><span class="method">${operation.method.toUpperCase()}</span> ${operation.path}</a></li>`,
    );
    return html`<li><a href="#${tagAnchor(group.tag)}"><strong>${group.tag}</strong></a><ul>${links}</ul></li>`;
  });
  return html`<ul>${lists}${
    model.schemas.size === 0 ? null : html`<li><a href="#schemas"><strong>Schemas</strong></a></li>`
  }<li><a href="#errors"><strong>Error codes</strong></a></li></ul>`;
}

function groups(context: Context): Part {
  return context.model.groups.map((group) => {
    const id = tagAnchor(group.tag);
    const operations = group.operations.map((entry) => operation(entry, context));
    return html`<section aria-labelledby="${id}"><h2 id="${id}">${group.tag}</h2>${prose(group.description)}${operations}</section>`;
  });
}

function operation(entry: Operation, { model, anchors, origin }: Context): Markup {
  const body = jsonBodySchema(entry.requestBody?.content);
  return html`<article class="operation" id="${anchors.get(entry) ?? ""}">
<h3><span class="method">${entry.method.toUpperCase()}</span> <code>${entry.path}</code>${
    entry.deprecated ? html` <span class="deprecated">deprecated</span>` : null
  }</h3>
${entry.summary === undefined ? null : html`<p>${inline(entry.summary)}</p>`}
${prose(entry.description)}
${entry["x-policy"] === undefined ? null : policy(entry["x-policy"])}
${parameterList(entry.parameters)}
${entry.requestBody === undefined ? null : requestBody(entry.requestBody, body, model)}
<h4>Responses</h4>
${Object.entries(entry.responses).map(([status, response]) => responseOf(status, response, model))}
<h4>Example</h4>
<pre class="wrap" tabindex="0"><code>${curlOf(entry, model.schemas, origin)}</code></pre>
</article>`;
}

function policy({ roles, rule, max_body: maxBody, rate, scope }: Policy): Markup {
  const rows: [string, Part][] = [
    ["Who may call", roles === "public" ? "everybody, without a token" : roles.join(", ")],
  ];
  if (roles !== "public") rows.push(["A key needs", scope === "" ? "keys cannot call it" : scope]);
  if (rule !== "") rows.push(["Rule", inline(rule)]);
  if (maxBody > 0) rows.push(["Largest body", formatBytes(maxBody)]);
  if (rate !== "") rows.push(["Rate limit", rate]);
  return html`<dl class="policy">${rows.map(([name, value]) => html`<div><dt>${name}:</dt><dd>${value}</dd></div>`)}</dl>`;
}

function requestBody(body: NonNullable<Operation["requestBody"]>, json: Schema | null, model: ApiModel): Markup {
  const types = Object.keys(body.content).join(", ");
  return html`<h4>Request body</h4>
<p class="quiet"><code>${types}</code>${body.required === true ? ", required" : null}</p>
${prose(body.description)}
${json === null ? null : html`${schemaBlock(json)}${example(json, model)}`}`;
}

function responseOf(status: string, response: Operation["responses"][string], model: ApiModel): Markup {
  const title = html`<strong>${status === "default" ? "Otherwise" : status}</strong> ${inline(response.description)}`;
  const content = Object.entries(response.content ?? {});
  if (content.length === 0) return html`<p>${title}</p>`;
  const forms = content.map(([type, media]) => {
    const { schema } = media;
    const isJson = schema !== undefined && jsonBodySchema({ [type]: media }) !== null;
    return html`<p class="quiet"><code>${type}</code></p>${schema === undefined ? null : schemaBlock(schema)}${
      isJson ? example(schema, model) : null
    }`;
  });
  return html`<details><summary>${title}</summary>${forms}</details>`;
}

function example(schema: Schema, model: ApiModel): Markup {
  const text = JSON.stringify(exampleOf(schema, model.schemas), null, 2);
  return html`<details><summary>Example</summary><pre tabindex="0"><code>${text}</code></pre></details>`;
}

/** Each code has the anchor `error-<code>`, for links from logs and problem documents. */
function errorTable(): Markup {
  const rows = Object.entries(ERRORS).map(
    ([code, { status, title }]) =>
      html`<tr id="error-${code}"><th scope="row"><code>${code}</code></th><td>${status}</td><td>${title}</td></tr>`,
  );
  return html`<section aria-labelledby="errors"><h2 id="errors">Error codes</h2>
<p>Every refusal is a problem document (RFC 9457). A client branches on <code>code</code>, which is never renamed.</p>
<div class="scroll"><table><thead><tr><th scope="col">Code</th><th scope="col">Status</th><th scope="col">Meaning</th></tr></thead>
<tbody>${rows}</tbody></table></div></section>`;
}

/** Bytes as people say them: binary units where they come out even, else plain bytes. */
export function formatBytes(bytes: number): string {
  if (bytes > 0 && bytes % 1_048_576 === 0) return `${bytes / 1_048_576} MiB`;
  if (bytes > 0 && bytes % 1_024 === 0) return `${bytes / 1_024} KiB`;
  return bytes === 1 ? "1 byte" : `${bytes.toLocaleString("en")} bytes`;
}
