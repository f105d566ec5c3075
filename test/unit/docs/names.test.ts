import { existsSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { fromRoot } from "../../../scripts/lib/paths.ts";
import { ROOMS } from "../../../scripts/lib/rooms.ts";
import { sourceFiles } from "../../../scripts/lib/source-files.ts";
import { TYPED_DOCUMENTS } from "../../support/node/commands.ts";
import { blocksOf, documents, proseOf, readDocument } from "../../support/node/documents.ts";

const packageSchema = z.object({ scripts: z.record(z.string(), z.string()) });
const { scripts } = packageSchema.parse(JSON.parse(readFileSync(fromRoot("package.json"), "utf8")));
/** Commands of npm itself. */
const NPM = ["ci", "install", "test", "start", "audit"];

/** Routes of the API as a pattern each; the page of routes is compared with the API by another test. */
const ROUTES = [...readDocument("docs/developers/routes.md").matchAll(/^\| `(\w+) ([^`]+)`/gm)].map(
  ([, method = "", path = ""]) => ({
    method,
    path: new RegExp(`^${escaped(path).replace(/\\\{\w+\\\}/g, "[^/]+")}/?$`),
  }),
);

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

/** The flags a script takes, as its source names them; those of the modules it shares with others too. */
function sourceOf(script: string): string {
  const file = /^node (\S+\.ts)/.exec(scripts[script] ?? "")?.[1];
  if (file === undefined) return "";
  const source = readFileSync(fromRoot(file), "utf8");
  const shared = [...source.matchAll(/from "(\.\/lib\/[^"]+)"/g)].map(([, path = ""]) =>
    readFileSync(fromRoot(posix.join(posix.dirname(file), path)), "utf8"),
  );
  return [source, ...shared].join("\n");
}

describe.each(documents())("%s", (file) => {
  const text = readDocument(file);

  it("names npm scripts that exist, with flags that they know", () => {
    const unknown = [...text.matchAll(/\bnpm (?:run )?(?:-s |--silent )?([a-z][\w:-]*)([^\n`|)&;]*)/g)].flatMap(
      ([command, name = "", rest = ""]) => {
        if (command.startsWith("npm run") ? !(name in scripts) : !NPM.includes(name)) {
          return [command];
        }
        const source = sourceOf(name);
        const flags = [...((rest.split(" -- ")[1] ?? "").split("#")[0]?.matchAll(/(?<![\w-])--([a-z][\w-]*)/g) ?? [])];
        return flags.flatMap(([flag, option = ""]) => (knows(source, option) ? [] : [`${name}: ${flag}`]));
      },
    );
    expect(unknown).toEqual([]);
  });

  it("names files that exist", () => {
    const paths = [...text.matchAll(/`((?:src|test|scripts|docs|ops|bench|migrations|samples)\/[\w./-]*\w)`/g)].map(
      ([, path = ""]) => path,
    );
    expect(paths.filter((path) => !existsSync(fromRoot(path)))).toEqual([]);
  });

  it("names routes that exist", () => {
    const named = [...text.matchAll(/`(GET|POST|PUT|PATCH|DELETE) (\/api\/v1\/[^`?\s]*)[^`]*`/g)];
    const unknown = named.filter(
      ([, method, path = ""]) => !ROUTES.some((route) => route.method === method && route.path.test(plain(path))),
    );
    expect(unknown.map(([whole]) => whole)).toEqual([]);
  });

  it("calls addresses of the API that exist", () => {
    const called = blocksOf(file).flatMap((block) => [
      ...block.text.matchAll(/(?:https?:\/\/[\w.:-]+|\$(?!PROMETHEUS)[A-Za-z]\w*)(\/api\/v1\/[^?\s"'#;]*)/g),
    ]);
    const unknown = called.filter(([, path = ""]) => !ROUTES.some((route) => route.path.test(plain(path))));
    // `api=http://…/api/v1/translation` is the beginning of an address.
    expect(unknown.filter(([whole]) => !text.includes(`=${whole}\n`)).map(([whole]) => whole)).toEqual([]);
  });
});

it("pages of operators name lines of the log that the service writes", () => {
  const source = sourceFiles("src").map((path) => readFileSync(path, "utf8"));
  const named = documents()
    .filter((file) => file.startsWith("docs/operate/"))
    .flatMap((file) => [...proseOf(file).matchAll(/`([a-z]+(?:_[a-z]+)*_failed)`/g)].map(([, name = ""]) => name));
  expect(named.length).toBeGreaterThan(10);
  expect(named.filter((name) => !source.some((text) => text.includes(`"${name}"`)))).toEqual([]);
});

it("the architecture lists the rooms of src, from the ground up", () => {
  const rows = [...readDocument("docs/design/architecture.md").matchAll(/^\| ((?:`\w+`(?:, )?)+) \|/gm)];
  const listed = rows.flatMap(([, names = ""]) => [...names.matchAll(/`(\w+)`/g)].map(([, name]) => name));
  expect(listed.filter((name) => ROOMS.includes(name ?? ""))).toEqual(ROOMS);
});

it("shell blocks are typed by the slow end-to-end test of the documents, or are marked as typed elsewhere", () => {
  const left = documents().filter(
    (file) =>
      !TYPED_DOCUMENTS.includes(file) &&
      // What somebody types when an alert has fired goes to production.
      !file.startsWith("docs/operate/alerts/") &&
      blocksOf(file).some(({ language, kind }) => language === "sh" && kind !== "elsewhere"),
  );
  expect(left).toEqual([]);
});

/** A path whose parameters are one word each, however a page writes them. */
function plain(path: string): string {
  return path.replace(/\{[^}]*\}|<[^>]*>/g, "x");
}

function knows(source: string, option: string): boolean {
  return source === "" || [`"${option}"`, `${option}: {`, `--${option}`].some((name) => source.includes(name));
}

describe("CONTRIBUTING.md", () => {
  const text = readDocument("CONTRIBUTING.md");

  it.each([
    "a rule operator",
    "an alert",
    "a kind of key",
    "a route",
    "a nightly job",
    "a form to import",
    "a type of event",
    "a page",
    "a migration",
    "a limit",
    "a type of webhook event",
    "a reason why an item is locked",
    "a field of the account page",
    "a column of the class table",
  ])("says in which file %s begins, and that is there", (change) => {
    const row = text.split("\n").find((line) => line.startsWith(`| ${change} |`)) ?? "";
    const paths = [...(row.split(" | ")[1] ?? "").matchAll(/`([\w-]+(?:\/[\w.-]+)*)`/g)].map(([, path = ""]) => path);
    expect(paths).not.toEqual([]);
    expect(paths.filter((path) => !existsSync(fromRoot(path)))).toEqual([]);
  });
});
