import { type Operation, readDocument } from "./reference/docs-model.ts";
import { formatBytes } from "./reference/docs-page.ts";

const HEADER = `# Routes

This page lists every route: who may call it, and its limits. \`npm run docs:routes\` writes it from the OpenAPI document,
and a test compares both. \`wrangler.toml\` explains the rate limits, and [SECURITY](../../SECURITY.md#keys-of-services) the scopes of keys.

| route | purpose | who may call | a key needs | rule | largest body | rate limit |
|---|---|---|---|---|---|---|
`;

/**
 * docs/developers/routes.md for an OpenAPI document: one line per route, by path and then by method.
 * @throws z.ZodError when the document is no OpenAPI document.
 */
export function renderRouteTable(document: unknown): string {
  const operations = readDocument(document).groups.flatMap((group) => group.operations);
  const ordered = operations.toSorted((a, b) => compare(a.path, b.path) || compare(a.method, b.method));
  return HEADER + ordered.map((operation) => `${line(operation)}\n`).join("");
}

function line(operation: Operation): string {
  const policy = operation["x-policy"];
  const cells = [
    `\`${operation.method.toUpperCase()} ${operation.path}\``,
    cell(operation.summary ?? ""),
    policy === undefined ? "**undeclared**" : policy.roles === "public" ? "everybody" : cell(policy.roles.join(", ")),
    cell(policy?.scope ?? ""),
    cell(policy?.rule ?? ""),
    policy === undefined || policy.max_body === 0 ? "none" : formatBytes(policy.max_body),
    cell(policy?.rate ?? ""),
  ];
  return `| ${cells.join(" | ")} |`;
}

/** Text that stays inside its cell. */
function cell(text: string): string {
  return text.replace(/\s+/g, " ").replaceAll("|", "\\|").trim();
}

/** By code point, so that the table is the same on every machine. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
